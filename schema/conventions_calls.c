/* conventions_calls.c - which tool calls a model asked for and which it saw answered: ids out
 * of the messages that went in and came out, in whatever form a library writes them. */
#include "base/hash.h"
#include "schema/conventions_json.h"

#include <stdlib.h>

enum { DEPTH_MAX = 64 }; /* of messages; values nested deeper are left out */

/* What a member of a message can be; the rest is skipped unread. */
enum member { MEMBER_REST, MEMBER_TYPE, MEMBER_ROLE, MEMBER_ID, MEMBER_CALL_ID, MEMBER_EVENT };

static const struct {
    struct nj_slice key;
    enum member member;
} members[] = {
    {{"type", 4}, MEMBER_TYPE},
    {{"role", 4}, MEMBER_ROLE},
    {{"id", 2}, MEMBER_ID},
    {{"tool_call_id", 12}, MEMBER_CALL_ID},
    {{"toolCallId", 10}, MEMBER_CALL_ID},
    {{"tool_use_id", 11}, MEMBER_CALL_ID},
    {{"call_id", 7}, MEMBER_CALL_ID},
    {{"callId", 6}, MEMBER_CALL_ID},
    {{"event.name", 10}, MEMBER_EVENT},
};

/* Types of the parts of a message that are calls, and that are answers to them. */
enum said { SAID_NOTHING, SAID_CALL, SAID_ANSWER };

static const struct {
    const char *type;
    enum said said;
} types[] = {
    {"tool_call", SAID_CALL},
    {"tool-call", SAID_CALL},
    {"tool_use", SAID_CALL},
    {"function_call", SAID_CALL},
    {"function", SAID_CALL},
    {"tool_call_response", SAID_ANSWER},
    {"tool-result", SAID_ANSWER},
    {"tool_result", SAID_ANSWER},
    {"function_call_output", SAID_ANSWER},
    {"function_call_result", SAID_ANSWER},
};

/* An object or array that is being read. */
struct frame {
    size_t ids_before; /* ids that were known when it began */
    struct nj_slice id, call_id;
    enum said said;
    bool is_array, is_in_calls; /* inside a list of calls */
    bool is_of_tool;            /* a message by a tool */
    bool is_history;            /* a message of an earlier turn */
};

/* What is looked for, and whether the whole value is a message by a tool. */
struct intent {
    bool is_for_answers, is_of_tool;
};

struct walk {
    struct nj_json json;
    struct nj_call_ids *out;
    struct intent intent;
    size_t depth;
    struct frame frames[DEPTH_MAX];
};

static enum member
member_of(struct nj_slice key)
{
    for (size_t i = 0; i < NJ_LEN(members); i++)
        if (nj_slice_eq(key, members[i].key))
            return members[i].member;
    return MEMBER_REST;
}

static enum said
said_by(struct nj_slice type)
{
    for (size_t i = 0; i < NJ_LEN(types); i++)
        if (nj_slice_eq(type, nj_slice_of(types[i].type)))
            return types[i].said;
    return SAID_NOTHING;
}

static bool
is_list_of_calls(struct nj_slice key)
{
    return nj_slice_eq(key, NJ_SLICE("tool_calls")) || nj_slice_eq(key, NJ_SLICE("toolCalls"));
}

static void
call_put(struct nj_call_ids *out, struct nj_slice id)
{
    if (id.len && out->len < NJ_CALL_IDS_MAX)
        out->list[out->len++] = nj_hash(id);
}

static void
frame_end(struct walk *walk, const struct frame *f)
{
    struct nj_slice id = f->call_id.len ? f->call_id : f->id;
    bool is_answer = f->said == SAID_ANSWER || f->is_of_tool ||
                     (f->call_id.len > 0 && f->said == SAID_NOTHING && !f->is_in_calls);
    bool is_call = f->said == SAID_CALL || (f->is_in_calls && !f->is_array);

    if (walk->intent.is_for_answers ? is_answer : is_call && !is_answer)
        call_put(walk->out, id);
    if (f->is_history)
        walk->out->len = f->ids_before;
}

/* What the name of a member says of the object in it. */
static enum said
said_by_name(struct nj_slice key)
{
    if (nj_slice_eq(key, NJ_SLICE("function_call")) ||
        nj_slice_eq(key, NJ_SLICE("functionCall")))
        return SAID_CALL;
    return nj_slice_eq(key, NJ_SLICE("function_response")) ||
                   nj_slice_eq(key, NJ_SLICE("functionResponse"))
               ? SAID_ANSWER
               : SAID_NOTHING;
}

static void
frame_begin(struct walk *walk, bool is_array, bool is_in_calls, struct nj_slice key)
{
    bool is_open = is_array ? nj_json_array(&walk->json) : nj_json_object(&walk->json);

    if (is_open)
        walk->frames[walk->depth++] = (struct frame){.ids_before = walk->out->len,
                                                     .said = said_by_name(key),
                                                     .is_array = is_array,
                                                     .is_in_calls = is_in_calls};
}

static void
member_read(struct walk *walk, struct frame *f, struct nj_slice key)
{
    enum member member = member_of(key);
    struct nj_slice text;

    if (member == MEMBER_REST || nj_json_peek(&walk->json) != NJ_JSON_STRING) {
        (void)nj_json_skip(&walk->json);
        return;
    }
    if (!nj_json_string(&walk->json, &text))
        return;
    switch (member) {
    case MEMBER_TYPE:
        f->said = said_by(text);
        break;
    case MEMBER_ROLE:
        f->is_of_tool |= nj_slice_eq(text, NJ_SLICE("tool"));
        break;
    case MEMBER_ID:
        f->id = text;
        break;
    case MEMBER_CALL_ID:
        f->call_id = text;
        break;
    case MEMBER_EVENT:
        f->is_of_tool |= nj_slice_eq(text, NJ_SLICE("gen_ai.tool.message"));
        f->is_history |= nj_slice_eq(text, NJ_SLICE("gen_ai.assistant.message"));
        break;
    case MEMBER_REST:
        break;
    }
}

/* What a call is given and what it gives back is no message, whatever its members are named. */
static bool
is_content(struct nj_slice key)
{
    return nj_slice_eq(key, NJ_SLICE("arguments")) || nj_slice_eq(key, NJ_SLICE("args")) ||
           nj_slice_eq(key, NJ_SLICE("response"));
}

/* Reads on in the innermost frame: one member or element, or its end. */
static void
frame_step(struct walk *walk)
{
    struct frame *f = &walk->frames[walk->depth - 1];
    struct nj_slice key = {"", 0};

    if (!(f->is_array ? nj_json_array_next(&walk->json)
                      : nj_json_object_next(&walk->json, &key))) {
        frame_end(walk, f);
        walk->depth--;
        return;
    }
    enum nj_json_type type = nj_json_peek(&walk->json);
    bool is_container = type == NJ_JSON_OBJECT || type == NJ_JSON_ARRAY;
    if (is_container && walk->depth < DEPTH_MAX && !is_content(key))
        frame_begin(walk, type == NJ_JSON_ARRAY,
                    is_list_of_calls(key) || (f->is_array && f->is_in_calls), key);
    else
        member_read(walk, f, key);
}

/* Ids in one value. A quick look first: most texts have nothing of the kind. */
static void
value_walk(struct nj_conventions *c, struct nj_call_ids *out, const struct nj_found *found,
           struct intent intent)
{
    static const char *const words[] = {"tool", "call", "unction"};
    struct nj_slice text = nj_conventions_json(c, found->value);
    struct walk walk;

    if (!intent.is_of_tool && !nj_text_has(text, words, NJ_LEN(words)))
        return;
    nj_json_init(&walk.json, text, false, c->arena);
    walk.out = out;
    walk.intent = intent;
    walk.depth = 0;
    enum nj_json_type type = nj_json_peek(&walk.json);
    if (type != NJ_JSON_OBJECT && type != NJ_JSON_ARRAY)
        return;
    frame_begin(&walk, type == NJ_JSON_ARRAY,
                nj_convention_table[found->row].dialect == NJ_DIALECT_AI_SDK, NJ_SLICE(""));
    walk.frames[0].is_of_tool = intent.is_of_tool;
    while (walk.depth > 0 && !walk.json.error)
        frame_step(&walk);
}

/* Ids that have attributes of their own. */
static void
many_put(struct nj_call_ids *out, const struct nj_findings *f, enum nj_concept concept)
{
    for (size_t i = 0; i < f->many_len; i++)
        if (nj_convention_table[f->many[i].found.row].concept == concept)
            call_put(out, f->many[i].found.text);
}

void
nj_calls_read(struct nj_conventions *c, const struct nj_findings *f, bool is_of_tool)
{
    const struct nj_found *out = nj_found_get(f, NJ_CONCEPT_MESSAGES_OUT);
    const struct nj_found *in = nj_found_get(f, NJ_CONCEPT_MESSAGES_IN);

    if (nj_found_is(f, NJ_CONCEPT_CALL_REQUESTED))
        many_put(&c->requested, f, NJ_CONCEPT_CALL_REQUESTED);
    else if (out && !is_of_tool)
        value_walk(c, &c->requested, out, (struct intent){0});
    if (is_of_tool)
        call_put(&c->answered, nj_found_text(f, NJ_CONCEPT_ANSWER_ID));
    if (nj_found_is(f, NJ_CONCEPT_CALL_ANSWERED))
        many_put(&c->answered, f, NJ_CONCEPT_CALL_ANSWERED);
    else if (in)
        value_walk(c, &c->answered, in,
                   (struct intent){.is_for_answers = true, .is_of_tool = is_of_tool});
}

uint64_t
nj_call_of_result(struct nj_conventions *c)
{
    static const char *const words[] = {"tool_call_id", "toolCallId"};
    const struct nj_found *result = nj_found_get(&c->span, NJ_CONCEPT_RESULT);

    c->answered.len = 0;
    if (result && nj_text_has(nj_conventions_json(c, result->value), words, NJ_LEN(words)))
        value_walk(c, &c->answered, result, (struct intent){.is_for_answers = true});
    uint64_t call = c->answered.len == 1 ? c->answered.list[0] : 0;
    c->answered.len = 0;
    return call;
}

static int
id_cmp(const void *a, const void *b)
{
    uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

/* Sorted, each once. */
static void
ids_put(struct nj_buf *facts, enum nj_fact fact, struct nj_call_ids *ids)
{
    if (ids->len)
        qsort(ids->list, ids->len, sizeof *ids->list, id_cmp);
    for (size_t i = 0; i < ids->len; i++)
        if (i == 0 || ids->list[i] != ids->list[i - 1])
            nj_fact_put_int(facts, fact, (int64_t)ids->list[i]);
}

void
nj_calls_put(struct nj_conventions *c, struct nj_buf *facts)
{
    ids_put(facts, NJ_FACT_CALL_REQUESTED, &c->requested);
    ids_put(facts, NJ_FACT_CALL_ANSWERED, &c->answered);
}
