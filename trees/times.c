/* times.c - raw and repaired times of a span: missing ends, clock skew, overruns. */
#include "trees/forest.h"

/* Times are kept inside +-(2^62 - 1), so that the difference of any two is a number. */
#define TIME_LIMIT_NS ((INT64_C(1) << 62) - 1)

enum { OVERRUN_MIN_NS = 1000000, OVERRUN_PARENT_DIVISOR = 100 };

static int64_t
time_limit(int64_t t_ns)
{
    if (t_ns > TIME_LIMIT_NS)
        return TIME_LIMIT_NS;
    return t_ns < -TIME_LIMIT_NS ? -TIME_LIMIT_NS : t_ns;
}

static int64_t
time_shift(int64_t t_ns, int64_t by_ns)
{
    if (by_ns > 0)
        return t_ns > TIME_LIMIT_NS - by_ns ? TIME_LIMIT_NS : t_ns + by_ns;
    return t_ns < -TIME_LIMIT_NS - by_ns ? -TIME_LIMIT_NS : t_ns + by_ns;
}

/* The smallest interval around the recorded times of the children: what stands in where nothing
 * was recorded. false: none has any. */
static bool
hull_take(const struct nj_forest *forest, struct nj_node *node)
{
    int64_t start = INT64_MAX, end = INT64_MIN;

    for (uint32_t i = node->first_child; i != NJ_NO_SPAN; i = forest->nodes[i].next_sibling) {
        const struct nj_row *row = forest->nodes[i].row;
        int64_t last = row->end_ns > row->start_ns ? row->end_ns : row->start_ns;
        if (row->flags & NJ_ROW_NO_START)
            continue;
        start = row->start_ns < start ? row->start_ns : start;
        end = last > end ? last : end;
    }
    if (end < start)
        return false;
    node->raw_start_ns = time_limit(start);
    node->raw_end_ns = time_limit(end);
    return true;
}

/* The start of a span that has none: its parent's; at a root its children's; never after its
 * own end. */
static int64_t
start_guess(struct nj_forest *forest, struct nj_node *node, const struct nj_node *parent)
{
    bool has_end = !(node->row->flags & NJ_ROW_NO_END);
    int64_t end_ns = has_end ? time_limit(node->row->end_ns) : 0;

    nj_forest_tell(forest, NJ_DIAG_NO_START, node);
    int64_t start_ns = parent                    ? parent->raw_start_ns
                       : hull_take(forest, node) ? node->raw_start_ns
                                                 : end_ns;
    return has_end && start_ns > end_ns ? end_ns : start_ns;
}

static void
raw_take(struct nj_forest *forest, struct nj_node *node, const struct nj_node *parent)
{
    const struct nj_row *row = node->row;

    if (!row) {
        (void)hull_take(forest, node);
        return;
    }
    node->raw_start_ns = row->flags & NJ_ROW_NO_START ? start_guess(forest, node, parent)
                                                      : time_limit(row->start_ns);
    if (row->flags & NJ_ROW_NO_END) {
        node->raw_end_ns = node->raw_start_ns;
        node->flags |= NJ_SPAN_OPEN;
        nj_forest_tell(forest, NJ_DIAG_NO_END, node);
        return;
    }
    node->raw_end_ns = time_limit(row->end_ns);
    if (node->raw_end_ns < node->raw_start_ns) {
        nj_forest_tell(forest, NJ_DIAG_END_BEFORE_START, node);
        node->raw_end_ns = node->raw_start_ns;
    }
}

/* May the clocks of the two differ? The host decides where both are known. */
static bool
clocks_differ(const struct nj_node *a, const struct nj_node *b)
{
    if (a->host != NJ_NO_NAME && b->host != NJ_NO_NAME)
        return a->host != b->host;
    return a->service != NJ_NO_NAME && b->service != NJ_NO_NAME && a->service != b->service;
}

/* By how much the child's clock is off: nothing if it fits into its parent; otherwise it is put
 * into the middle, as if the way there took as long as the way back; a child longer than its
 * parent only must not start before it. The rule of Jaeger's clock skew adjuster. */
static int64_t
skew_of(const struct nj_node *child, const struct nj_node *parent)
{
    int64_t child_ns = child->raw_end_ns - child->raw_start_ns;
    int64_t parent_ns = parent->end_ns - parent->start_ns;

    if (child_ns > parent_ns)
        return child->raw_start_ns < parent->start_ns ? parent->start_ns - child->raw_start_ns
                                                      : 0;
    if (child->raw_start_ns >= parent->start_ns && child->raw_end_ns <= parent->end_ns)
        return 0;
    return parent->start_ns + (parent_ns - child_ns) / 2 - child->raw_start_ns;
}

static void
skew_repair(struct nj_forest *forest, struct nj_node *child, const struct nj_node *parent)
{
    if (!parent || forest->options->is_skew_off)
        return;
    if (!clocks_differ(child, parent)) {
        child->shift_ns = parent->shift_ns;
    } else if (!(child->flags & NJ_SPAN_ASYNC)) {
        child->shift_ns = skew_of(child, parent);
        if (child->shift_ns)
            nj_forest_tell(forest, NJ_DIAG_CLOCK_SKEW, child);
    }
    if (child->shift_ns)
        child->flags |= NJ_SPAN_SHIFTED;
}

static bool
overrun_is_clipped(const struct nj_forest *forest, int64_t over_ns, int64_t parent_ns)
{
    int64_t tolerance = OVERRUN_MIN_NS;

    if (forest->granularity_ns > tolerance)
        tolerance = forest->granularity_ns;
    if (parent_ns / OVERRUN_PARENT_DIVISOR > tolerance)
        tolerance = parent_ns / OVERRUN_PARENT_DIVISOR;
    switch (forest->options->overrun) {
    case NJ_OVERRUN_CLIP:
        return true;
    case NJ_OVERRUN_DETACH:
        return false;
    case NJ_OVERRUN_AUTO:
        break;
    }
    return over_ns <= tolerance;
}

static void
overrun_repair(struct nj_forest *forest, struct nj_node *child, const struct nj_node *parent)
{
    int64_t over_ns = child->end_ns - parent->end_ns;

    if (child->start_ns >= parent->start_ns && over_ns <= 0)
        return;
    if (child->start_ns >= parent->end_ns || child->end_ns <= parent->start_ns) {
        child->flags |= NJ_SPAN_DETACHED;
        nj_forest_tell(forest, NJ_DIAG_CHILD_OUTSIDE_PARENT, child);
        return;
    }
    if (over_ns > 0 &&
        !overrun_is_clipped(forest, over_ns, parent->end_ns - parent->start_ns)) {
        child->flags |= NJ_SPAN_DETACHED;
        nj_forest_tell(forest, NJ_DIAG_CHILD_OUTLIVES_PARENT, child);
        return;
    }
    child->flags |= NJ_SPAN_CLIPPED;
    if (over_ns > 0) {
        child->end_ns = parent->end_ns;
        nj_forest_tell(forest, NJ_DIAG_CHILD_CLIPPED, child);
    }
    if (child->start_ns < parent->start_ns) {
        child->start_ns = parent->start_ns;
        nj_forest_tell(forest, NJ_DIAG_CHILD_STARTS_EARLY, child);
    }
}

void
nj_times_fit(struct nj_forest *forest, struct nj_node *child, const struct nj_node *parent)
{
    raw_take(forest, child, parent);
    skew_repair(forest, child, parent);
    child->start_ns = time_shift(child->raw_start_ns, child->shift_ns);
    child->end_ns = time_shift(child->raw_end_ns, child->shift_ns);
    if (parent && !(child->flags & NJ_SPAN_ASYNC))
        overrun_repair(forest, child, parent);
}
