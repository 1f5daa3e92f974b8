/* trace.h - one whole trace in memory, linked and repaired, as columns (floor 1).
 *
 * Index order: parents come before their children; among spans that may stand anywhere, by
 * (start, end descending, span id). Columns have spans_len elements and live until the next
 * trace. Everything is the same whatever order the spans were stored in. */
#ifndef NJ_SCHEMA_TRACE_H
#define NJ_SCHEMA_TRACE_H

#include "base/estimate.h"
#include "schema/corpus.h"
#include "schema/facts.h"

enum nj_span_flag {
    NJ_SPAN_RECONSTRUCTED = 1 << 0, /* not recorded: stands for a missing parent */
    NJ_SPAN_DETACHED = 1 << 1, /* did not block its parent: outlives it or lies outside it */
    NJ_SPAN_ASYNC = 1 << 2,    /* PRODUCER to CONSUMER child, or FOLLOWS_FROM: does not block */
    NJ_SPAN_OPENS_AGENT = 1 << 3, /* an invocation: its agent scope differs from its parent's */
    NJ_SPAN_HAS_USAGE = 1 << 4,   /* its tokens count: an LLM or embedding span without such a
                                     descendant that carries usage */
    NJ_SPAN_CLIPPED = 1 << 5,     /* its repaired times differ from the recorded ones */
    NJ_SPAN_ORPHAN = 1 << 6,      /* its recorded parent is not in the trace */
    NJ_SPAN_OPEN = 1 << 7,        /* no end recorded */
    NJ_SPAN_SHIFTED = 1 << 8,     /* moved by the skew repair */
    NJ_SPAN_SAME_INVOCATION = 1 << 9, /* SERVER twin of a CLIENT invocation of the same agent */
    NJ_SPAN_AGENT_AS_TOOL = 1 << 10,  /* a tool span around nothing but an invocation: the two
                                         are  one call */
};

/* Where the weight of a trace comes from; rows of weights.def have their own names. */
enum nj_weight_status {
    NJ_WEIGHT_OK,
    NJ_WEIGHT_UNKNOWN,      /* nothing recorded; weight is 1 */
    NJ_WEIGHT_ZERO,         /* kept for reasons outside probability; weight is 0 */
    NJ_WEIGHT_INCONSISTENT, /* R < T: the recorded threshold cannot be true; weight is 1 */
    NJ_WEIGHT_INVALID,      /* recorded but unreadable; weight is 1 */
};

struct nj_weight {
    double value;          /* 1 / inclusion probability, >= 0 */
    uint64_t cluster;      /* sampling unit: rv where present, else a hash of the trace id */
    uint32_t source;       /* name id: "ot.th", "sampler.param", … NJ_NO_NAME: none */
    uint8_t status;        /* enum nj_weight_status */
    bool has_conflict;     /* two sources disagree by more than 1 % */
    bool is_grouped;       /* the cluster is a recorded rv, which other traces may share */
    struct nj_known known; /* the part of known size that it belongs to */
};

/* A link as an edge between spans. */
struct nj_trace_link {
    uint32_t from;   /* index of the span that carries the link */
    uint32_t target; /* index of the linked span in this trace, or NJ_NO_SPAN */
    struct nj_trace_id trace_id;
    uint64_t span_id;
    bool is_follows_from;
};

/* A tool call, by the hash of its id, that a span asks for, serves or is told the result of:
 * fact CALL_REQUESTED, TOOL_CALL_ID or CALL_ANSWERED. */
struct nj_trace_call {
    int64_t call;
    uint32_t span;
    uint8_t fact;
};

struct nj_trace {
    const struct nj_corpus *corpus; /* names and scopes */
    uint64_t number;
    struct nj_trace_id id;
    struct nj_slice text; /* the id where it is not hex */

    uint32_t spans_len;
    uint32_t root; /* the main root: longest, then earliest, then smallest id */
    uint32_t roots_len;
    bool is_complete;        /* no parent was missing and there is a root of its own */
    uint32_t granularity_ns; /* the coarsest clock in the trace */
    struct nj_weight weight;

    const uint64_t *span_id;  /* of a reconstructed span: the missing id */
    const uint32_t *parent;   /* index, NJ_NO_SPAN at a root */
    const uint32_t *children; /* children of i: children[child_at[i] .. child_at[i + 1]) … */
    const uint32_t *child_at; /* … spans_len + 1 elements; ordered by (start, end desc, id) */
    const uint32_t *depth;    /* 0 at a root */

    const int64_t *start_ns, *end_ns;         /* repaired: for the critical path */
    const int64_t *raw_start_ns, *raw_end_ns; /* as recorded, end >= start: latency, errors */

    const uint32_t *name, *operation, *agent, *service, *host, *model, *provider, *tool;
    const uint32_t *scope;      /* index of the invocation span that the span belongs to */
    const uint32_t *scope_name; /* instrumentation library, name id */
    const uint16_t *flags;      /* enum nj_span_flag */
    const uint8_t *kind, *how, *status, *otel_kind;
    const int64_t (*tokens)[NJ_TOKENS_LEN]; /* -1 where not recorded */
    const struct nj_row *const *row;        /* NULL for a reconstructed span */
    const uint64_t *facts_set;              /* the kinds of facts that the row has */

    const struct nj_trace_link *links;
    uint32_t links_len;

    const struct nj_trace_call *calls; /* by span */
    uint32_t calls_len;

    struct nj_diags *diags; /* of this trace alone */
};

/* Finds trace->calls in the facts, into `arena`. false: no memory. */
bool nj_trace_calls_find(struct nj_trace *trace, struct nj_arena *arena);

/* The facts of span i, empty for a reconstructed span. */
static inline struct nj_slice
nj_trace_facts(const struct nj_trace *trace, uint32_t i)
{
    return trace->row[i] ? trace->row[i]->facts : (struct nj_slice){0};
}

/* Whether span i has a fact of one of the kinds in `set`; most spans have few, and most are
 * asked for many. */
static inline bool
nj_trace_has_facts(const struct nj_trace *trace, uint32_t i, uint64_t set)
{
    return (trace->facts_set[i] & set) != 0;
}

/* The first fact of this kind of span i; false: there is none. */
static inline bool
nj_trace_fact_find(const struct nj_trace *trace, uint32_t i, enum nj_fact fact,
                   struct nj_fact_cursor *out)
{
    return nj_trace_has_facts(trace, i, UINT64_C(1) << fact) &&
           nj_facts_find(trace->row[i]->facts, fact, out);
}

/* How the trace came into the sample, for estimates. */
static inline struct nj_carrier
nj_trace_carrier(const struct nj_trace *trace)
{
    const struct nj_weight *w = &trace->weight;
    bool is_known = w->status == NJ_WEIGHT_OK || w->status == NJ_WEIGHT_ZERO;

    struct nj_carrier carrier = nj_carrier_of(w->cluster, w->value, is_known);
    carrier.known = w->known;
    return carrier;
}

/* The id of span i as output shows it: its text where it had one, else `hex`. */
struct nj_slice nj_trace_span_show(const struct nj_trace *trace, uint32_t i,
                                   char hex[NJ_SPAN_HEX + 1]);
/* Order of two ids as output shows them; < 0: that of a comes first. */
int nj_trace_span_id_cmp(const struct nj_trace *trace, uint32_t a, uint32_t b);

static inline int64_t
nj_trace_raw_ns(const struct nj_trace *trace, uint32_t i)
{
    return trace->raw_end_ns[i] - trace->raw_start_ns[i];
}

#endif
