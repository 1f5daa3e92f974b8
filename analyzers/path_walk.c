/* path_walk.c - backwards through a trace, from the end to what kept it waiting. */
#include "analyzers/critical_path.h"
#include "analyzers/path_blockers.h"
#include "analyzers/path_waits.h"

/* One span on the way from the top to where the walk stands. */
struct frame {
    int64_t t_ns;         /* everything later is explained */
    int64_t beside_ns;    /* earliest start of the candidates before k */
    const uint32_t *kids; /* candidates, latest end first; lie at child_at[span] */
    uint32_t k, len;      /* next candidate, candidates */
    uint32_t span;        /* NJ_NO_SPAN: the whole trace, whose candidates are items */
    uint32_t successor;   /* what starts at t_ns; NJ_NO_SPAN: nothing, it is the end */
    uint8_t evidence;     /* of the next segment of its own */
    bool is_ambiguous, overlaps;
};

struct walk {
    const struct nj_trace *trace;
    const struct nj_options *options;
    struct nj_arena *arena;
    struct nj_waits among, across;
    const uint32_t *item;   /* scope trace: see nj_waits_across */
    uint32_t *kids, *spare; /* candidates of all spans that were entered */
    struct frame *frames;
    uint32_t frames_len, frames_cap;
    struct nj_segment *segments; /* latest first */
    uint32_t segments_len, segments_cap;
    int64_t ambiguous_ns;
    bool is_serial;
    bool tells_covered; /* counts spans without children that hide the work of a sibling */
    bool is_failed;     /* no memory; the walk goes no further */
};

/* A step back: to `span` as it was at end_ns. */
struct hop {
    int64_t end_ns;
    uint32_t span;
    uint8_t evidence;
    bool is_ambiguous;
};

enum { GROW_MIN = 64 };

/* Twice the room for an array in the arena; the old one stays behind until the trace ends. */
static void *
array_grow(struct walk *w, const void *old, uint32_t len, uint32_t *cap, size_t size)
{
    uint32_t wanted = *cap > UINT32_MAX / 2 ? 0 : *cap ? *cap * 2 : GROW_MIN;
    void *grown = wanted ? nj_arena_alloc_raw(w->arena, wanted, size) : NULL;

    if (!grown) {
        w->is_failed = true;
        return NULL;
    }
    if (len > 0)
        memcpy(grown, old, len * size);
    *cap = wanted;
    return grown;
}

static void
segment_add(struct walk *w, struct nj_segment segment)
{
    if (segment.start_ns == segment.end_ns)
        return;
    if (w->segments_len == w->segments_cap) {
        void *grown =
            array_grow(w, w->segments, w->segments_len, &w->segments_cap, sizeof *w->segments);
        if (!grown)
            return;
        w->segments = grown;
    }
    if (segment.is_ambiguous)
        w->ambiguous_ns += segment.end_ns - segment.start_ns;
    w->segments[w->segments_len++] = segment;
}

/* Steps into a span as `hop` says; `successor` starts there. */
static void
frame_push(struct walk *w, const struct hop *hop, uint32_t successor)
{
    if (w->frames_len == w->frames_cap) {
        void *grown =
            array_grow(w, w->frames, w->frames_len, &w->frames_cap, sizeof *w->frames);
        if (!grown)
            return;
        w->frames = grown;
    }
    uint32_t at = w->trace->child_at[hop->span];
    struct nj_blockers kids = nj_blockers_list(
        w->trace, hop->span, w->options->has_transparent_wrappers, w->kids + at, w->spare + at);
    w->frames[w->frames_len++] = (struct frame){.t_ns = hop->end_ns,
                                                .beside_ns = INT64_MAX,
                                                .kids = w->kids + at,
                                                .len = kids.len,
                                                .span = hop->span,
                                                .successor = successor,
                                                .evidence = hop->evidence,
                                                .is_ambiguous = hop->is_ambiguous,
                                                .overlaps = kids.overlaps};
    w->is_serial = w->is_serial && !kids.overlaps;
}

/* Time of the span's own from `from_ns` up to where the walk stands in it. */
static void
self_add(struct walk *w, struct frame *f, int64_t from_ns)
{
    segment_add(w, (struct nj_segment){from_ns, f->t_ns, f->span, NJ_PART_SELF, f->evidence,
                                       f->is_ambiguous});
    f->evidence = NJ_EVIDENCE_PARENT;
}

/* The candidate that ended last at or before t_ns, or NJ_NO_SPAN. */
static uint32_t
timing_find(const struct walk *w, struct frame *f)
{
    const struct nj_trace *trace = w->trace;

    /* what ends later overlaps what was chosen: parallel, not critical */
    for (; f->k < f->len && trace->end_ns[f->kids[f->k]] > f->t_ns; f->k++)
        if (trace->start_ns[f->kids[f->k]] < f->beside_ns)
            f->beside_ns = trace->start_ns[f->kids[f->k]];
    return f->k < f->len ? f->kids[f->k] : NJ_NO_SPAN;
}

/* Timing is a guess where the candidate ran beside another one, or another one ended within the
 * same tick of the clock. */
static bool
is_guess(const struct walk *w, const struct frame *f)
{
    const int64_t *end_ns = w->trace->end_ns;
    uint32_t chosen = f->kids[f->k];

    if (f->beside_ns < end_ns[chosen])
        return true;
    if (f->k + 1 == f->len)
        return false;
    int64_t next_ns = end_ns[f->kids[f->k + 1]];
    return next_ns > w->trace->start_ns[chosen] ||
           end_ns[chosen] - next_ns < (int64_t)w->trace->granularity_ns;
}

/* Counts a candidate without children that covers a sibling with children. Looks only at
 * candidates which the walk passes over next, so all looks together are linear. */
static void
covered_tell(struct walk *w, const struct frame *f, uint32_t chosen)
{
    const struct nj_trace *trace = w->trace;

    if (!w->tells_covered || !f->overlaps || nj_span_has_children(trace, chosen))
        return;
    for (uint32_t i = f->k + 1;
         i < f->len && trace->end_ns[f->kids[i]] > trace->start_ns[chosen]; i++) {
        if (trace->start_ns[f->kids[i]] < trace->start_ns[chosen] ||
            !nj_span_has_children(trace, f->kids[i]))
            continue;
        char trace_hex[NJ_TRACE_HEX + 1], span_hex[NJ_SPAN_HEX + 1];
        struct nj_slice id = nj_trace_id_show(&trace->id, trace->text, trace_hex);
        struct nj_slice span = nj_trace_span_show(trace, chosen, span_hex);
        nj_diag_at(trace->diags, NJ_DIAG_COVERED_SIBLING, "trace %.*s span %.*s", NJ_FMT(id),
                   NJ_FMT(span));
        return;
    }
}

/* What was going on just before t_ns that had to end first; false: nothing but the span's own
 * work. Recorded evidence goes before timing, but for calls which one answer asked for and
 * which were then made one after the other. */
static bool
hop_find(struct walk *w, struct frame *f, struct hop *hop)
{
    const struct nj_trace *trace = w->trace;
    const struct nj_waits *waits = f->span == NJ_NO_SPAN ? &w->across : &w->among;
    uint32_t timing = timing_find(w, f);
    struct nj_waited waited = {.on = NJ_NO_SPAN};

    if (f->successor != NJ_NO_SPAN)
        waited = nj_waits_last(waits, trace, f->successor, f->t_ns);
    if (waited.on != NJ_NO_SPAN && (waited.on != timing || waited.is_cut))
        w->is_serial = false;
    if (waited.on != NJ_NO_SPAN && timing != waited.on && timing != NJ_NO_SPAN &&
        nj_waits_has(waits, timing, waited.on))
        waited.on = NJ_NO_SPAN;
    if (waited.on != NJ_NO_SPAN) {
        int64_t end_ns = waited.is_cut ? f->t_ns : trace->end_ns[waited.on];
        *hop =
            (struct hop){end_ns, waited.on, waited.evidence, f->is_ambiguous || waited.is_tie};
        return true;
    }
    if (timing == NJ_NO_SPAN)
        return false;
    covered_tell(w, f, timing);
    *hop = (struct hop){trace->end_ns[timing], timing, NJ_EVIDENCE_TIMING,
                        f->is_ambiguous || is_guess(w, f)};
    return true;
}

/* Walks until all frames are left: the span of each from its t_ns back to its start. */
static void
frames_walk(struct walk *w)
{
    struct hop hop;

    while (w->frames_len > 0 && !w->is_failed) {
        struct frame *f = &w->frames[w->frames_len - 1];
        if (!hop_find(w, f, &hop)) {
            self_add(w, f, w->trace->start_ns[f->span]);
            w->frames_len--;
            continue;
        }
        self_add(w, f, hop.end_ns);
        f->t_ns = w->trace->start_ns[hop.span];
        f->successor = hop.span;
        frame_push(w, &hop, NJ_NO_SPAN);
    }
}

/* Steps to a span deep inside an item: from there the walk goes on up to the item's start. */
static void
chain_push(struct walk *w, const struct hop *hop)
{
    struct hop at = *hop;
    uint32_t below = NJ_NO_SPAN;

    for (;; at.span = w->trace->parent[at.span]) {
        frame_push(w, &at, below);
        if (w->is_failed || at.span == w->item[at.span])
            break;
        below = at.span;
        at.end_ns = w->trace->start_ns[below];
        at.evidence = NJ_EVIDENCE_PARENT;
    }
    for (uint32_t i = 0, j = w->frames_len; i + 1 < j; i++) {
        struct frame top = w->frames[--j];
        w->frames[j] = w->frames[i];
        w->frames[i] = top;
    }
}

/* One step between items: evidence, else the span that spawned the item, else timing. */
static bool
item_hop_find(struct walk *w, struct frame *all, struct hop *hop)
{
    const struct nj_trace *trace = w->trace;
    uint32_t parent = all->successor == NJ_NO_SPAN ? NJ_NO_SPAN : trace->parent[all->successor];
    bool is_found = hop_find(w, all, hop);

    if ((is_found && hop->evidence != NJ_EVIDENCE_TIMING) || parent == NJ_NO_SPAN ||
        trace->start_ns[parent] >= all->t_ns || !nj_span_has_length(trace, w->item[parent]))
        return is_found;
    int64_t end_ns = trace->end_ns[parent];
    *hop = (struct hop){end_ns < all->t_ns ? end_ns : all->t_ns, parent, NJ_EVIDENCE_PARENT,
                        false};
    return true;
}

/* The whole job: from the latest end of all items to the earliest start. */
static void
items_walk(struct walk *w, struct frame *all, int64_t start_ns)
{
    struct hop hop = {all->t_ns, all->kids[0], NJ_EVIDENCE_PARENT, false};

    do {
        uint8_t part = hop.evidence == NJ_EVIDENCE_TIMING ? NJ_PART_GAP : NJ_PART_WAIT;
        segment_add(w, (struct nj_segment){hop.end_ns, all->t_ns, all->successor, part,
                                           hop.evidence, hop.is_ambiguous});
        chain_push(w, &hop);
        frames_walk(w);
        all->successor = w->item[hop.span];
        all->t_ns = w->trace->start_ns[all->successor];
    } while (!w->is_failed && item_hop_find(w, all, &hop));
    segment_add(w, (struct nj_segment){start_ns, all->t_ns, all->successor, NJ_PART_GAP,
                                       NJ_EVIDENCE_TIMING, false});
}

static void
segments_reverse(struct walk *w)
{
    for (uint32_t i = 0, j = w->segments_len; i + 1 < j; i++) {
        struct nj_segment last = w->segments[--j];
        w->segments[j] = w->segments[i];
        w->segments[i] = last;
    }
}

static void
root_walk(struct walk *w, struct nj_critical_path *out)
{
    uint32_t root = w->trace->root;

    out->start_ns = w->trace->start_ns[root];
    out->end_ns = w->trace->end_ns[root];
    frame_push(w, &(struct hop){out->end_ns, root, NJ_EVIDENCE_PARENT, false}, NJ_NO_SPAN);
    frames_walk(w);
}

/* Finds the items: the frame around them all, and the item of every span. */
static bool
items_find(struct walk *w, struct frame *all, int64_t *start_ns)
{
    const struct nj_trace *trace = w->trace;
    uint32_t *item = NJ_NEW_RAW(w->arena, uint32_t, trace->spans_len);
    uint32_t *items = NJ_NEW_RAW(w->arena, uint32_t, trace->spans_len);
    uint32_t *spare = NJ_NEW_RAW(w->arena, uint32_t, trace->spans_len);

    if (!item || !items || !spare)
        return false;
    *all = (struct frame){
        .beside_ns = INT64_MAX, .kids = items, .span = NJ_NO_SPAN, .successor = NJ_NO_SPAN};
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        bool is_item = trace->parent[i] == NJ_NO_SPAN || !nj_span_blocks(trace, i);
        item[i] = is_item ? i : item[trace->parent[i]];
        if (!is_item || !nj_span_has_length(trace, i))
            continue;
        *start_ns =
            all->len == 0 || trace->start_ns[i] < *start_ns ? trace->start_ns[i] : *start_ns;
        items[all->len++] = i;
    }
    nj_spans_sort(trace, nj_blocker_cmp, items, spare, all->len);
    w->item = item;
    return true;
}

static enum nj_status
items_scope_walk(struct walk *w, const struct nj_clues *clues, struct nj_critical_path *out,
                 struct nj_error *err)
{
    struct frame all;

    if (!items_find(w, &all, &out->start_ns))
        w->is_failed = true;
    if (w->is_failed || all.len == 0)
        return NJ_OK;
    enum nj_status st = nj_waits_across(&w->across, w->trace, clues, w->item, w->arena, err);
    if (st < 0)
        return st;
    out->end_ns = all.t_ns = w->trace->end_ns[all.kids[0]];
    items_walk(w, &all, out->start_ns);
    return NJ_OK;
}

enum nj_status
nj_critical_path_walk(struct nj_critical_path *out, const struct nj_trace *trace,
                      enum nj_path_scope scope, const struct nj_options *options,
                      struct nj_arena *arena, struct nj_error *err)
{
    struct walk w = {.trace = trace,
                     .options = options,
                     .arena = arena,
                     .kids = NJ_NEW_RAW(arena, uint32_t, trace->spans_len),
                     .spare = NJ_NEW_RAW(arena, uint32_t, trace->spans_len)};
    struct nj_clues clues;

    w.is_failed = !w.kids || !w.spare;
    w.is_serial = true;
    w.tells_covered =
        scope == NJ_SCOPE_ROOT && trace->diags && !options->has_transparent_wrappers;
    *out = (struct nj_critical_path){.scope = scope,
                                     .start_ns = trace->start_ns[trace->root],
                                     .end_ns = trace->start_ns[trace->root]};
    enum nj_status st = nj_clues_find(&clues, trace, arena, err);
    if (st >= 0)
        st = nj_waits_among(&w.among, trace, &clues, arena, err);
    if (st >= 0 && scope == NJ_SCOPE_TRACE)
        st = items_scope_walk(&w, &clues, out, err);
    else if (st >= 0)
        root_walk(&w, out);
    if (st < 0)
        return st;
    if (w.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the critical path of %u spans",
                       trace->spans_len);
    segments_reverse(&w);
    out->ambiguous_ns = w.ambiguous_ns;
    out->segments = w.segments;
    out->segments_len = w.segments_len;
    out->is_serial = w.is_serial && scope == NJ_SCOPE_ROOT;
    return NJ_OK;
}
