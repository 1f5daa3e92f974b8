/* path_walk.c - backwards through a trace, from the end to what kept it waiting. */
#include "analyzers/blockers.h"
#include "analyzers/critical_path.h"

/* One span on the way from the top to where the walk stands. */
struct frame {
    int64_t t_ns; /* everything later is explained */
    uint32_t span;
    uint32_t k, len;  /* next candidate, candidates; they lie at child_at[span] */
    uint8_t evidence; /* of the next segment of its own */
    bool is_ambiguous, overlaps;
};

struct walk {
    const struct nj_trace *trace;
    struct nj_arena *arena;
    uint32_t *kids, *spare; /* candidates of all spans that were entered */
    struct frame *frames;
    uint32_t frames_len, frames_cap;
    struct nj_segment *segments; /* latest first */
    uint32_t segments_len, segments_cap;
    int64_t ambiguous_ns;
    bool is_failed; /* no memory; the walk goes no further */
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

/* Steps into `span` at `t_ns`. */
static void
frame_push(struct walk *w, uint32_t span, int64_t t_ns, enum nj_evidence evidence,
           bool is_ambiguous)
{
    if (w->frames_len == w->frames_cap) {
        void *grown =
            array_grow(w, w->frames, w->frames_len, &w->frames_cap, sizeof *w->frames);
        if (!grown)
            return;
        w->frames = grown;
    }
    uint32_t at = w->trace->child_at[span];
    struct nj_blockers kids = nj_blockers_list(w->trace, span, w->kids + at, w->spare + at);
    w->frames[w->frames_len++] =
        (struct frame){t_ns, span, 0, kids.len, (uint8_t)evidence, is_ambiguous, kids.overlaps};
}

/* Time of the span's own from `from_ns` up to where the walk stands in it. */
static void
self_add(struct walk *w, struct frame *f, int64_t from_ns)
{
    segment_add(w, (struct nj_segment){from_ns, f->t_ns, f->span, NJ_PART_SELF, f->evidence,
                                       f->is_ambiguous});
    f->evidence = NJ_EVIDENCE_PARENT;
}

/* Whether the candidate after k ended within a tick of the clock of candidate k. */
static bool
is_tie(const struct walk *w, const struct frame *f)
{
    const uint32_t *kids = w->kids + w->trace->child_at[f->span];

    return f->k + 1 < f->len &&
           w->trace->end_ns[kids[f->k]] - w->trace->end_ns[kids[f->k + 1]] <
               (int64_t)w->trace->granularity_ns;
}

/* Walks until all frames are left: the span of each from its t_ns back to its start. */
static void
frames_walk(struct walk *w)
{
    while (w->frames_len > 0 && !w->is_failed) {
        struct frame *f = &w->frames[w->frames_len - 1];
        const uint32_t *kids = w->kids + w->trace->child_at[f->span];

        /* what ends later overlaps what was chosen: parallel, not critical */
        while (f->k < f->len && w->trace->end_ns[kids[f->k]] > f->t_ns)
            f->k++;
        if (f->k == f->len) {
            self_add(w, f, w->trace->start_ns[f->span]);
            w->frames_len--;
            continue;
        }
        uint32_t child = kids[f->k];
        bool is_ambiguous = f->is_ambiguous || f->overlaps || is_tie(w, f);
        int64_t end_ns = w->trace->end_ns[child];
        self_add(w, f, end_ns);
        f->t_ns = w->trace->start_ns[child];
        f->k++;
        frame_push(w, child, end_ns, NJ_EVIDENCE_TIMING, is_ambiguous);
    }
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

enum nj_status
nj_critical_path_walk(struct nj_critical_path *out, const struct nj_trace *trace,
                      enum nj_path_scope scope, const struct nj_options *options,
                      struct nj_arena *arena, struct nj_error *err)
{
    struct walk w = {.trace = trace,
                     .arena = arena,
                     .kids = NJ_NEW_RAW(arena, uint32_t, trace->spans_len),
                     .spare = NJ_NEW_RAW(arena, uint32_t, trace->spans_len)};

    (void)options;
    if (!w.kids || !w.spare)
        return nj_fail(err, NJ_ENOMEM, "no memory for the critical path of %u spans",
                       trace->spans_len);
    int64_t start_ns = trace->start_ns[trace->root], end_ns = trace->end_ns[trace->root];
    frame_push(&w, trace->root, end_ns, NJ_EVIDENCE_PARENT, false);
    frames_walk(&w);
    if (w.is_failed)
        return nj_fail(err, NJ_ENOMEM, "no memory for the critical path of %u spans",
                       trace->spans_len);
    segments_reverse(&w);
    *out = (struct nj_critical_path){scope,          start_ns,   end_ns,
                                     w.ambiguous_ns, w.segments, w.segments_len};
    return NJ_OK;
}
