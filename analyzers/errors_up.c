/* errors_up.c - from failed children to failed parents, one look at every span, children first.
 * What a span that recorded nothing could not show waits as pending for a parent that does. */
#include "analyzers/errors_link.h"
#include "analyzers/errors_text.h"
#include "analyzers/errors_tree.h"

enum { PENDING_MAX = 8 };

/* An error below spans without status. is_tail: nothing began after it on the way up. */
struct waiting {
    uint32_t node;
    bool is_tail;
};

struct pending {
    uint32_t len;
    struct waiting list[PENDING_MAX]; /* the latest by (end, id), in that order */
};

struct candidate {
    uint32_t node;
    bool is_pending, is_tail, is_recovered, is_live, is_linked;
    int match;
};

/* A span and what failed below it. */
struct family {
    uint32_t span;
    struct candidate *list;
    uint32_t len;
    struct nj_error_brood brood;
};

struct upward {
    struct nj_errors *e;
    struct pending **pending; /* by span */
    uint8_t *is_busy;         /* by span: something below failed */
    struct candidate *candidates;
};

static const struct nj_error_node *
node_at(const struct nj_errors *e, uint32_t n)
{
    return &e->nodes[n];
}

static bool
ends_later(const struct nj_errors *e, uint32_t a, uint32_t b)
{
    return nj_error_ends_later(e->trace, e->nodes[a].span, e->nodes[b].span);
}

static bool
is_overlapping(const struct nj_errors *e, uint32_t a, uint32_t b)
{
    uint32_t x = e->nodes[a].span, y = e->nodes[b].span;
    return e->trace->raw_start_ns[x] < e->trace->raw_end_ns[y] &&
           e->trace->raw_start_ns[y] < e->trace->raw_end_ns[x];
}

static void
absorb(struct nj_errors *e, uint32_t node)
{
    e->nodes[node].absorbed_at = e->tree.parent[e->nodes[node].span];
}

static void
family_add(struct upward *u, struct family *f, uint32_t node, const struct waiting *waiting)
{
    const struct nj_error_node *n = node_at(u->e, node);
    f->list[f->len++] = (struct candidate){.node = node,
                                           .is_pending = waiting != NULL,
                                           .is_tail = waiting == NULL || waiting->is_tail,
                                           .is_recovered = n->recovered != NJ_NO_SPAN &&
                                                           n->recovered_conf != NJ_CONF_C};
}

static struct family
family_of(struct upward *u, uint32_t span)
{
    const struct nj_error_tree *tree = &u->e->tree;
    struct family f = {.span = span,
                       .list = u->candidates,
                       .brood = nj_error_brood_of(tree, u->e->trace, span)};

    for (uint32_t c = tree->child_at[span]; c < tree->child_at[span + 1]; c++) {
        uint32_t child = tree->children[c], node = u->e->node_of[child];
        const struct pending *pending = u->pending[child];
        if (node != NJ_NO_NODE && u->e->nodes[node].next_attempt == NJ_NO_NODE)
            family_add(u, &f, node, NULL);
        for (uint32_t k = 0; pending && k < pending->len; k++)
            family_add(u, &f, pending->list[k].node, &pending->list[k]);
    }
    return f;
}

static void
waiting_push(struct nj_errors *e, struct pending *pending, struct waiting waiting)
{
    uint32_t at = pending->len;

    while (at > 0 && ends_later(e, pending->list[at - 1].node, waiting.node))
        at--;
    if (pending->len == PENDING_MAX) {
        if (at == 0) {
            absorb(e, waiting.node);
            return;
        }
        absorb(e, pending->list[0].node);
        memmove(pending->list, pending->list + 1, (PENDING_MAX - 1) * sizeof *pending->list);
        pending->len--;
        at--;
    }
    memmove(pending->list + at + 1, pending->list + at,
            (pending->len - at) * sizeof *pending->list);
    pending->list[at] = waiting;
    pending->len++;
}

/* A span that recorded no error: it absorbs what failed below, or passes it on as pending when
 * it says nothing either way. false: no memory. */
static bool
unmarked_pass(struct upward *u, const struct family *f)
{
    struct nj_errors *e = u->e;
    bool is_end =
        e->trace->status[f->span] == NJ_STATUS_OK || e->tree.parent[f->span] == NJ_NO_SPAN;

    for (uint32_t k = 0; k < f->len; k++) {
        const struct candidate *c = &f->list[k];
        uint32_t span = e->nodes[c->node].span;
        struct waiting waiting = {
            c->node, c->is_tail && nj_error_is_last_activity(&f->brood, e->trace, span,
                                                             e->trace->raw_end_ns[f->span])};
        if (is_end || c->is_recovered) {
            absorb(e, c->node);
            continue;
        }
        if (!u->pending[f->span])
            u->pending[f->span] = NJ_NEW(e->arena, struct pending, 1);
        if (!u->pending[f->span])
            return false;
        waiting_push(e, u->pending[f->span], waiting);
    }
    return true;
}

/* One way in which a child can have made its parent fail; the first that fits any child is the
 * one. */
struct rule {
    bool is_pending, wants_tail, may_be_recovered;
    int match;
    uint8_t type, why, conf;
};

static const struct rule rules[] = {
    {.match = 3, .type = NJ_EDGE_UP, .why = NJ_WHY_MESSAGE, .conf = NJ_CONF_A},
    {.match = 3,
     .may_be_recovered = true,
     .type = NJ_EDGE_UP,
     .why = NJ_WHY_MESSAGE,
     .conf = NJ_CONF_A},
    {.is_pending = true,
     .match = 3,
     .type = NJ_EDGE_BRIDGED,
     .why = NJ_WHY_MESSAGE_UNMARKED,
     .conf = NJ_CONF_B},
    {.match = 2, .type = NJ_EDGE_UP, .why = NJ_WHY_LIKE_MESSAGE, .conf = NJ_CONF_B},
    {.is_pending = true,
     .match = 2,
     .type = NJ_EDGE_BRIDGED,
     .why = NJ_WHY_MESSAGE_UNMARKED,
     .conf = NJ_CONF_B},
    {.match = 1, .type = NJ_EDGE_UP, .why = NJ_WHY_TYPE, .conf = NJ_CONF_B},
    {.wants_tail = true, .type = NJ_EDGE_UP, .why = NJ_WHY_LAST_ACTIVITY, .conf = NJ_CONF_B},
    {.is_pending = true,
     .wants_tail = true,
     .type = NJ_EDGE_BRIDGED,
     .why = NJ_WHY_LAST_ACTIVITY,
     .conf = NJ_CONF_B},
};

static bool
rule_fits(const struct nj_errors *e, const struct family *f, const struct rule *rule,
          const struct candidate *c)
{
    if (!c->is_live || c->is_pending != rule->is_pending || c->match < rule->match ||
        (c->is_recovered && !rule->may_be_recovered))
        return false;
    return !rule->wants_tail ||
           (c->is_tail &&
            nj_error_is_last_activity(&f->brood, e->trace, node_at(e, c->node)->span,
                                      node_at(e, e->node_of[f->span])->at_ns));
}

/* The parent has its own words, and the child had some too: more likely the parent's own error
 * right after one that it had handled. */
static uint8_t
conf_by_time(const struct nj_errors *e, uint32_t parent, uint32_t child)
{
    bool is_own = (e->nodes[parent].flags & NJ_ERROR_IS_SPECIFIC) != 0;
    return is_own && e->nodes[child].message.len > 0 ? NJ_CONF_C : NJ_CONF_B;
}

static void
candidate_link(struct nj_errors *e, struct candidate *c, uint32_t parent,
               struct nj_error_edge edge)
{
    edge.from = c->node;
    edge.to = parent;
    if (edge.conf != NJ_CONF_C) {
        e->nodes[c->node].out = e->edges_len;
        c->is_linked = true;
    }
    nj_error_edge_add(e, edge);
}

/* Links what the rule fits: the last of them, and where they are children those that ran beside
 * it. Returns the last one, or NULL. */
static struct candidate *
rule_apply(struct nj_errors *e, struct family *f, const struct rule *rule)
{
    uint32_t parent = e->node_of[f->span];
    struct candidate *last = NULL;

    for (uint32_t k = 0; k < f->len; k++)
        if (rule_fits(e, f, rule, &f->list[k]) &&
            (!last || ends_later(e, f->list[k].node, last->node)))
            last = &f->list[k];
    if (!last)
        return NULL;
    for (uint32_t k = 0; k < f->len; k++) {
        struct candidate *c = &f->list[k];
        struct nj_error_edge edge = {.type = rule->type, .conf = rule->conf, .why = rule->why};
        if (c != last && (rule->is_pending || !rule_fits(e, f, rule, c) ||
                          !is_overlapping(e, c->node, last->node)))
            continue;
        if (rule->wants_tail)
            edge.conf = conf_by_time(e, parent, c->node);
        candidate_link(e, c, parent, edge);
    }
    return last;
}

/* The earliest error that made the parent fail is what stopped its other children. */
static void
cancelled_link(struct nj_errors *e, struct family *f)
{
    uint32_t first = NJ_NO_NODE;

    for (uint32_t k = 0; k < f->len; k++) {
        uint32_t n = f->list[k].node;
        if (!f->list[k].is_linked)
            continue;
        if (first == NJ_NO_NODE || node_at(e, n)->at_ns < node_at(e, first)->at_ns ||
            (node_at(e, n)->at_ns == node_at(e, first)->at_ns &&
             e->trace->span_id[node_at(e, n)->span] <
                 e->trace->span_id[node_at(e, first)->span]))
            first = n;
    }
    for (uint32_t k = 0; first != NJ_NO_NODE && k < f->len; k++)
        if (!f->list[k].is_linked &&
            (node_at(e, f->list[k].node)->flags & NJ_ERROR_IS_CANCELLED))
            nj_error_edge_add(e, (struct nj_error_edge){.from = first,
                                                        .to = f->list[k].node,
                                                        .type = NJ_EDGE_CANCEL,
                                                        .conf = NJ_CONF_B,
                                                        .why = NJ_WHY_CANCELLED});
}

/* Which children can be causes at all, and how well their words fit. */
static void
candidates_weigh(struct nj_errors *e, struct family *f, bool are_cancelled)
{
    for (uint32_t k = 0; k < f->len; k++) {
        struct candidate *c = &f->list[k];
        bool is_cancelled = (node_at(e, c->node)->flags & NJ_ERROR_IS_CANCELLED) != 0;
        c->is_live = is_cancelled == are_cancelled && !(are_cancelled && c->is_pending);
        if (c->is_live)
            c->match = nj_error_match(e, e->node_of[f->span], c->node);
    }
}

/* Finds what made the span's error happen among what failed below it. */
static void
causes_link(struct nj_errors *e, struct family *f, bool are_cancelled)
{
    uint32_t parent = e->node_of[f->span];
    struct candidate *last = NULL;

    candidates_weigh(e, f, are_cancelled);
    for (size_t r = 0; r < NJ_LEN(rules) && !last; r++)
        last = rule_apply(e, f, &rules[r]);
    if (last && last->is_linked) {
        e->nodes[parent].cause = last->node;
        for (uint32_t k = 0; k < f->len; k++)
            if (f->list[k].is_live && !f->list[k].is_pending && !f->list[k].is_linked &&
                !f->list[k].is_recovered && is_overlapping(e, f->list[k].node, last->node))
                candidate_link(e, &f->list[k], parent,
                               (struct nj_error_edge){.type = NJ_EDGE_UP,
                                                      .conf = NJ_CONF_B,
                                                      .why = NJ_WHY_PARALLEL});
    }
}

static bool
are_all_cancelled(const struct nj_errors *e, const struct family *f)
{
    for (uint32_t k = 0; k < f->len; k++)
        if (!(node_at(e, f->list[k].node)->flags & NJ_ERROR_IS_CANCELLED))
            return false;
    return true;
}

/* A cancelled span is left for later: what cancelled it may have cancelled its children. */
static void
failed_link(struct nj_errors *e, struct family *f)
{
    struct nj_error_node *parent = &e->nodes[e->node_of[f->span]];
    bool are_cancelled = are_all_cancelled(e, f);

    parent->flags |= NJ_ERROR_HAS_BELOW;
    if (!(parent->flags & NJ_ERROR_IS_SEMANTIC) &&
        !(are_cancelled && (parent->flags & NJ_ERROR_IS_CANCELLED))) {
        causes_link(e, f, are_cancelled);
        if (!are_cancelled)
            cancelled_link(e, f);
    }
    for (uint32_t k = 0; k < f->len; k++)
        if (!f->list[k].is_linked)
            absorb(e, f->list[k].node);
}

/* What was cancelled takes along all that it had running. Parents come before children. */
static bool
cancellations_spread(struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;
    uint32_t *source = NJ_NEW_RAW(e->arena, uint32_t, trace->spans_len);

    if (!source)
        return false;
    for (uint32_t i = 0; i < trace->spans_len; i++)
        source[i] = NJ_NO_NODE;
    for (uint32_t k = 0; k < e->edges_len; k++)
        if (e->edges[k].type == NJ_EDGE_CANCEL)
            source[node_at(e, e->edges[k].to)->span] = e->edges[k].from;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        uint32_t parent = e->tree.parent[i], node = e->node_of[i];
        if (source[i] != NJ_NO_NODE || parent == NJ_NO_SPAN || source[parent] == NJ_NO_NODE)
            continue;
        source[i] = source[parent];
        if (node != NJ_NO_NODE && (node_at(e, node)->flags & NJ_ERROR_IS_CANCELLED) &&
            node_at(e, node)->out == NJ_NO_NODE)
            nj_error_edge_add(e, (struct nj_error_edge){.from = source[i],
                                                        .to = node,
                                                        .type = NJ_EDGE_CANCEL,
                                                        .conf = NJ_CONF_B,
                                                        .why = NJ_WHY_CANCELLED});
    }
    return true;
}

/* Where all was cancelled from outside, the cancelled children are the way it went. */
static void
cancelled_up_link(struct upward *u)
{
    struct nj_errors *e = u->e;

    for (uint32_t i = e->trace->spans_len; i-- > 0;) {
        uint32_t node = e->node_of[i];
        struct family f;
        if (!u->is_busy[i] || node == NJ_NO_NODE ||
            (node_at(e, node)->flags & (NJ_ERROR_IS_CANCELLED | NJ_ERROR_HAS_CAUSE)) !=
                NJ_ERROR_IS_CANCELLED)
            continue;
        f = family_of(u, i);
        causes_link(e, &f, true);
        for (uint32_t k = 0; k < f.len; k++)
            if (f.list[k].is_linked)
                e->nodes[f.list[k].node].absorbed_at = NJ_NO_SPAN;
    }
}

bool
nj_error_upward_link(struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;
    struct upward u = {.e = e,
                       .pending = NJ_NEW(e->arena, struct pending *, trace->spans_len),
                       .is_busy = NJ_NEW(e->arena, uint8_t, trace->spans_len),
                       .candidates = NJ_NEW_RAW(e->arena, struct candidate, e->nodes_len)};

    if (!u.pending || !u.is_busy || !u.candidates)
        return false;
    for (uint32_t i = trace->spans_len; i-- > 0;) {
        uint32_t parent = e->tree.parent[i];
        struct family f;
        if (u.is_busy[i]) {
            f = family_of(&u, i);
            if (e->node_of[i] != NJ_NO_NODE)
                failed_link(e, &f);
            else if (!unmarked_pass(&u, &f))
                return false;
        }
        if (parent != NJ_NO_SPAN && (e->node_of[i] != NJ_NO_NODE || u.pending[i]))
            u.is_busy[parent] = 1;
    }
    if (!cancellations_spread(e))
        return false;
    cancelled_up_link(&u);
    return true;
}
