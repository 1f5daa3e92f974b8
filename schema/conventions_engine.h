/* conventions_engine.h - what the files of the conventions engine share; nobody else includes
 * it (floor 1). */
#ifndef NJ_SCHEMA_CONVENTIONS_ENGINE_H
#define NJ_SCHEMA_CONVENTIONS_ENGINE_H

#include "base/arena.h"
#include "schema/conventions.h"
#include "schema/facts.h"

enum nj_dialect {
#define NJ_DIALECT(symbol, label) NJ_DIALECT_##symbol,
#include "schema/dialects.def"
#undef NJ_DIALECT
    NJ_DIALECTS_LEN
};

enum nj_concept {
#define NJ_CONCEPT(symbol, label) NJ_CONCEPT_##symbol,
#include "schema/concepts.def"
#undef NJ_CONCEPT
    NJ_CONCEPTS_LEN
};

enum nj_reading {
#define NJ_READING(symbol, note) NJ_READING_##symbol,
#include "schema/readings.def"
#undef NJ_READING
    NJ_READINGS_LEN
};

enum nj_strength { NJ_STRENGTH_FIRM, NJ_STRENGTH_WEAK, NJ_STRENGTH_MARK };

/* A row of conventions.def; its index is its rank, smaller is better. */
struct nj_convention {
    uint8_t dialect, concept, reading;
    const char *key;
};

/* The table, conventions.def first and then weights.def. */
extern const struct nj_convention nj_convention_table[];
extern const size_t nj_convention_table_len;
/* Row of weights.def behind a row of concept WEIGHT. */
uint32_t nj_convention_weight(const struct nj_convention *row);

struct nj_spelling {
    struct nj_slice value;
    uint8_t dialect, kind, strength;
};
/* The spelling of this value, compared without case; NULL if there is none. */
const struct nj_spelling *nj_spelling_find(const struct nj_conventions *c,
                                           struct nj_slice value);

/* The rows of one key: indices into the table, best first. */
struct nj_convention_rows {
    const uint16_t *list;
    size_t len;
    uint32_t number; /* the first number in the key where it stands for N, else 0 */
};
struct nj_convention_rows nj_convention_find(struct nj_conventions *c, struct nj_slice key);

/* A hash for caches that forget: of the length and both ends of a text. */
static inline uint64_t
nj_quick_hash(struct nj_slice text)
{
    uint64_t head = 0, tail = 0;

    memcpy(&head, text.ptr, text.len < 8 ? text.len : 8);
    if (text.len >= 8)
        memcpy(&tail, text.ptr + text.len - 8, 8);
    uint64_t mixed = (head ^ text.len) * 0x9E3779B97F4A7C15u + tail * 0xC2B2AE3D27D4EB4Fu;
    return mixed ^ mixed >> 29;
}

/* The best value of one concept. */
struct nj_found {
    uint16_t row;
    const struct nj_value *value;
    union {
        struct nj_slice text;
        int64_t integer;
        double real;
        enum nj_kind kind;
    };
};

/* One of several values of a concept that may be there many times. */
struct nj_one_of_many {
    struct nj_found found;
    uint32_t number;
};

enum {
    NJ_MANY_MAX = 512
}; /* values of such concepts that are kept of one list of attributes */

/* What a list of attributes says. */
struct nj_findings {
    uint64_t has[(NJ_CONCEPTS_LEN + 63) / 64];
    struct nj_found best[NJ_CONCEPTS_LEN];
    size_t many_len;
    struct nj_one_of_many many[NJ_MANY_MAX];
};

static inline const struct nj_found *
nj_found_get(const struct nj_findings *f, enum nj_concept concept)
{
    return f->has[concept / 64] >> (concept % 64) & 1 ? &f->best[concept] : NULL;
}

/* The text found, or the empty slice. */
static inline struct nj_slice
nj_found_text(const struct nj_findings *f, enum nj_concept concept)
{
    const struct nj_found *found = nj_found_get(f, concept);
    return found ? found->text : (struct nj_slice){"", 0};
}

enum { NJ_KEY_SLOTS = 1024, NJ_SPELLING_SLOTS = 256, NJ_NAME_SLOTS = 4096 };
enum { NJ_SEEN_SLOTS = 1024, NJ_SEEN_BYTES = 52 };

/* A key that was seen lately, whether any row has it or not. */
struct nj_seen_slot {
    uint16_t first, rows_len; /* in by_key */
    uint32_t number;
    uint32_t len; /* 0: free */
    char key[NJ_SEEN_BYTES];
};

struct nj_key_slot {
    uint32_t tag;        /* of the key's hash */
    uint16_t first, len; /* in by_key; len 0: free */
};

struct nj_name_slot {
    struct nj_slice text; /* in the names; NULL: free */
    uint32_t id;
    uint32_t provider;         /* its usual name as a provider, or UINT32_MAX */
    uint32_t operation, model; /* of the name, made for spans of this model; or UINT32_MAX */
};

enum {
    NJ_CALL_IDS_MAX = 4096
}; /* calls asked for, and calls answered, that are kept of a span */

/* Hashes of the ids of tool calls. */
struct nj_call_ids {
    size_t len;
    uint64_t list[NJ_CALL_IDS_MAX];
};

struct nj_conventions {
    struct nj_names *names;
    struct nj_arena *arena; /* texts made while a span is read */
    struct nj_buf scratch;
    uint16_t *by_key; /* rows of the table, sorted by key, then by rank */
    struct nj_key_slot keys[NJ_KEY_SLOTS];
    struct nj_seen_slot seen[NJ_SEEN_SLOTS];
    uint8_t spellings[NJ_SPELLING_SLOTS]; /* index + 1 */
    struct nj_name_slot recent[NJ_NAME_SLOTS];
    struct nj_findings span, event;
    struct nj_call_ids requested, answered;
    size_t exceptions_len; /* put among the facts of this span */
    size_t events_pending; /* events of this span that were records of their own */
    bool is_failed;        /* memory ran out */
};

/* Fills the look-up tables. false: no memory. */
bool nj_conventions_index(struct nj_conventions *c);

/* Reads all attributes into *out. */
void nj_findings_read(struct nj_conventions *c, struct nj_findings *out, struct nj_attrs attrs);
/* Offers one value for one row: taken if it can be read and nothing better is there. */
void nj_finding_offer(struct nj_conventions *c, struct nj_findings *out, uint16_t row,
                      const struct nj_value *value, uint32_t number);
/* Whether one was found. */
static inline bool
nj_found_is(const struct nj_findings *f, enum nj_concept concept)
{
    return nj_found_get(f, concept) != NULL;
}
/* Text of a value that is text or a number; empty otherwise. Numbers are printed into the
 * arena. */
struct nj_slice nj_plain_text(struct nj_conventions *c, const struct nj_value *value);
/* Id of a name, through a cache that needs no lock; NJ_NO_NAME for the empty text. */
uint32_t nj_conventions_intern(struct nj_conventions *c, struct nj_slice text);
/* Id of the provider by its usual name. */
uint32_t nj_conventions_provider(struct nj_conventions *c);
enum nj_kind nj_conventions_kind(const struct nj_findings *f, struct nj_slice name);
/* These read what was found of the span; row->kind and row->model are set. */
void nj_conventions_agent(struct nj_conventions *c, struct nj_row *row, struct nj_slice name);
void nj_conventions_tool(struct nj_conventions *c, struct nj_row *row, struct nj_slice name);
void nj_conventions_tokens(struct nj_conventions *c, struct nj_row *row);
/* Offers the members of the metadata to what was found of the span. */
void nj_conventions_metadata(struct nj_conventions *c);
/* The recorded cost; false if there is none. */
bool nj_conventions_cost(struct nj_conventions *c, double *cost);
/* Facts from events, links and messages. */
void nj_conventions_events(struct nj_conventions *c, const struct nj_row *row,
                           struct nj_buf *facts, const struct nj_span *span);
/* Labels and scores of evaluations. */
void nj_evaluations_put(struct nj_conventions *c, const struct nj_findings *f,
                        struct nj_buf *facts);
/* Ids of tool calls in messages, added to c->requested and c->answered. `is_of_tool`: these are
 * the attributes of a message by a tool. */
void nj_calls_read(struct nj_conventions *c, const struct nj_findings *f, bool is_of_tool);
/* The same as facts. */
void nj_calls_put(struct nj_conventions *c, struct nj_buf *facts);
/* The call that a tool's result names, hashed; 0 if it names none or several. */
uint64_t nj_call_of_result(struct nj_conventions *c);
/* Facts of a span that serves a tool: its call, arguments, and a failure told in its result. */
void nj_tool_facts(struct nj_conventions *c, struct nj_buf *facts);
/* Who hands over to whom. */
void nj_handoff_facts(struct nj_conventions *c, const struct nj_row *row, struct nj_buf *facts,
                      struct nj_slice name);
void nj_conventions_facts(struct nj_conventions *c, const struct nj_row *row,
                          struct nj_buf *facts, const struct nj_span *span,
                          const struct nj_scope_facts *scope);
/* The name of an agent or tool without what libraries put around it. */
struct nj_slice nj_name_strip(struct nj_slice name);
/* A text cut to the length that messages have among the facts. */
struct nj_slice nj_fact_cut(struct nj_slice text);
/* The same as a fact; nothing where it is empty. */
void nj_fact_put_cut(struct nj_buf *facts, enum nj_fact fact, struct nj_slice text);
/* The hash of a text; nothing where it is empty. */
void nj_fact_put_hash(struct nj_buf *facts, enum nj_fact fact, struct nj_slice text);

#endif
