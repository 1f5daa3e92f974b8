/* errors_graph.h - the errors of one trace and what caused what; shared by the errors_*.c files
 * (floor 3). Definitions: docs/methods/errors.md.
 *
 * Nodes are spans with evidence of an error, edges run from cause to effect. Everything lives
 * in the scratch arena of the trace. */
#ifndef NJ_ANALYZERS_ERRORS_GRAPH_H
#define NJ_ANALYZERS_ERRORS_GRAPH_H

#include "analyzers/options.h"
#include "base/arena.h"
#include "schema/trace.h"

#define NJ_NO_NODE UINT32_MAX

/* Clocks of one machine may disagree by this much about what came first. */
#define NJ_ERRORS_EPSILON_NS INT64_C(1000000)

/* How sure an edge is: the same text was recorded on both; timing and types fit and nothing
 * competes; it is possible and no more. */
enum nj_conf { NJ_CONF_A, NJ_CONF_B, NJ_CONF_C };

enum nj_edge_type {
    NJ_EDGE_UP,      /* child to parent */
    NJ_EDGE_BRIDGED, /* over spans that recorded no error, or over a missing span */
    NJ_EDGE_SIDE,    /* from an agent to one that used its output */
    NJ_EDGE_RETRY,   /* from a failed attempt to the next one, which failed too */
    NJ_EDGE_CANCEL,  /* from an error to what was stopped because of it */
};

/* Why an edge was drawn; texts for print: nj_why_text. */
enum nj_why {
#define NJ_WHY(symbol, text) NJ_WHY_##symbol,
#include "analyzers/errors_why.def"
#undef NJ_WHY
    NJ_WHYS_LEN
};

struct nj_error_edge {
    uint32_t from, to; /* nodes */
    uint8_t type, conf, why;
    bool is_missing_parent; /* bridged over a span that is not in the trace */
};

enum nj_error_class {
    NJ_ERROR_OTHER,
    NJ_ERROR_ENVIRONMENT, /* time-outs, limits, network, servers */
    NJ_ERROR_CALLER,      /* what was asked for was wrong */
    NJ_ERROR_CANCELLED,
};

/* How strong the evidence on a span is: 2 and more make a node. */
enum nj_strength {
    NJ_STRENGTH_HANDLED = 1,
    NJ_STRENGTH_STRUCTURED = 2,
    NJ_STRENGTH_EXPLICIT = 3
};

enum nj_error_flag {
    NJ_ERROR_IS_CANCELLED = 1 << 0,
    NJ_ERROR_IS_SEMANTIC = 1 << 1, /* only an evaluation says so */
    NJ_ERROR_IS_WEAK = 1 << 2,     /* no text from its end: earlier exceptions stand in */
    NJ_ERROR_IS_SPECIFIC = 1 << 3, /* type and text of its own, not those of a wrapper */
    NJ_ERROR_IS_HANDLED = 1 << 4,  /* an exception that the span survived: no node */
    NJ_ERROR_HAS_CAUSE = 1 << 5,   /* an A or B edge leads here */
    NJ_ERROR_HAS_BELOW = 1 << 6,   /* other errors lie below it */
};

enum nj_error_state { NJ_STATE_SURFACED, NJ_STATE_ABSORBED, NJ_STATE_CANCELLED };

/* How an absorbed error was absorbed, in the order in which origins are ranked. */
enum nj_error_how {
    NJ_ABSORBED_NOT, /* it surfaced */
    NJ_ABSORBED_IGNORED,
    NJ_ABSORBED_DETACHED,
    NJ_ABSORBED_FALLBACK,
    NJ_ABSORBED_RETRY,
    NJ_ABSORBED_CANCELLED,
};

struct nj_error_node {
    uint32_t span;
    uint16_t flags;           /* enum nj_error_flag */
    uint8_t strength;         /* enum nj_strength */
    uint8_t recovered_conf;   /* enum nj_conf of `recovered` */
    int32_t http;             /* status code, 0: none */
    int64_t at_ns;            /* when it failed: the exception, else the span's end */
    struct nj_slice type;     /* without its module; may be empty */
    struct nj_slice message;  /* its own words; may be empty */
    struct nj_slice text;     /* all that was recorded about its end */
    struct nj_slice template; /* of message */
    uint32_t recovered;       /* span that repeated the operation with success; NJ_NO_SPAN */
    uint32_t next_attempt;    /* node of the next attempt, which failed too; NJ_NO_NODE */
    uint32_t out;             /* edge over which it went on (A or B), NJ_NO_NODE: none */
    uint32_t cause;           /* node that caused it first of all, attempts apart; NJ_NO_NODE */
    uint32_t first;           /* where its causes begin, attempts apart: itself at an origin */
    uint32_t absorbed_at;     /* span; NJ_NO_SPAN: it went on, or nothing is above it */
    uint32_t group;           /* node that stands for its group of repeated origins */
    uint32_t terminal;        /* last node of the chain that begins here */
    uint8_t chain_conf; /* weakest edge up to terminal; to the root where that is reached */
    bool reaches_root;
    uint32_t steps;           /* edges up to terminal */
    uint32_t reach;           /* spans on that way, and those cancelled along it */
    uint32_t turn;            /* next node on that way that belongs to another agent */
    uint32_t suspect;         /* span of the model call that asked for it; NJ_NO_SPAN */
    bool is_suspect_recorded; /* by the id of the call, not by its place */
};

/* Span `to` recorded that it used what span `from` put out, in which there was an error. */
struct nj_error_handover {
    uint32_t from, to;
    bool is_passed; /* and failed on it, as far as that shows */
};

/* One origin, in the order of rank. */
struct nj_error_origin {
    uint32_t node;
    uint8_t state, how, conf;
    uint32_t equivalents_at, equivalents_len; /* into nj_errors.equivalents */
};

/* The tree as causes are looked for in it: recorded spans only, raw times, a child of a missing
 * span is a root. */
struct nj_error_tree {
    const uint32_t *parent; /* NJ_NO_SPAN at a root, and for reconstructed spans */
    const uint32_t *order;  /* recorded spans by (start, end descending, id) */
    uint32_t order_len;
    const uint32_t
        *children; /* of i: children[child_at[i] .. child_at[i + 1]), in that order */
    const uint32_t *child_at;
    const uint32_t *place;    /* index among its siblings */
    const uint32_t *post;     /* number in postorder */
    const uint32_t *post_low; /* smallest number in its subtree */
    const uint32_t *scope;    /* nearest agent span upwards, itself included; else the root */
    uint32_t root;            /* main root; NJ_NO_SPAN when no span was recorded */
};

struct nj_errors {
    const struct nj_trace *trace;
    struct nj_arena *arena;
    enum nj_sideways sideways;
    struct nj_error_tree tree;
    uint32_t *node_of; /* by span; NJ_NO_NODE */
    struct nj_error_node *nodes;
    uint32_t nodes_len;
    struct nj_error_edge *edges;
    uint32_t edges_len, edges_cap;
    struct nj_error_handover *handovers;
    uint32_t handovers_len, handovers_cap;
    struct nj_error_origin *origins;
    uint32_t origins_len;
    uint32_t *equivalents;            /* nodes */
    uint32_t *control_flow, *handled; /* spans, in the tree's order */
    uint32_t control_flow_len, handled_len;
    uint64_t failed_attempts, wasted_ns, wasted_tokens;
    uint8_t *in_failed_attempt; /* by span */
    bool has_failed;            /* the main root is a node */
    bool is_out_of_memory;      /* an edge could not be kept */
};

/* Finds everything about `trace`. Linear after a sort, iterative. With no evidence at all
 * nodes_len is 0 and only control_flow, handled and tree.root are set. NJ_ENOMEM. */
enum nj_status nj_errors_find(struct nj_errors *out, const struct nj_trace *trace,
                              enum nj_sideways sideways, struct nj_arena *arena,
                              struct nj_error *err) NJ_CHECKED;

const char *nj_why_text(enum nj_why why);
const char *nj_edge_type_name(enum nj_edge_type type);
const char *nj_conf_name(enum nj_conf conf);
const char *nj_error_state_name(enum nj_error_state state);
const char *nj_error_how_name(enum nj_error_how how); /* NULL for NJ_ABSORBED_NOT */
/* leaf, own, semantic or cancelled: what kind of origin a node is. */
const char *nj_error_kind_name(const struct nj_errors *errors, uint32_t node);

/* What an operation is called: the tool, else the span's name with numbers masked. */
static inline uint32_t
nj_error_operation(const struct nj_trace *trace, uint32_t span)
{
    return trace->tool[span] ? trace->tool[span] : trace->operation[span];
}

#endif
