/* conventions_tool.c - which tool a span serves, for which call, with which arguments, and
 * whether its result says that it failed. */
#include "base/hash.h"
#include "base/search.h"
#include "schema/conventions_json.h"

void
nj_conventions_tool(struct nj_conventions *c, struct nj_row *row, struct nj_slice name)
{
    struct nj_slice tool = nj_found_text(&c->span, NJ_CONCEPT_TOOL);

    if (!tool.len && row->kind == NJ_KIND_TOOL)
        tool = nj_found_text(&c->span, NJ_CONCEPT_TOOL_ENTITY);
    if (!tool.len && row->kind == NJ_KIND_TOOL)
        tool = nj_name_strip(name);
    row->tool = nj_conventions_intern(c, tool);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Hash of the arguments without the blanks that stand outside of strings. */
static void
arguments_put(struct nj_conventions *c, struct nj_buf *facts)
{
    const struct nj_found *found = nj_found_get(&c->span, NJ_CONCEPT_ARGUMENTS);
    bool is_in_string = false;

    if (!found)
        return;
    struct nj_slice text = nj_conventions_json(c, found->value);
    c->scratch.len = 0;
    char *out = nj_buf_reserve(&c->scratch, text.len);
    size_t len = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        bool is_escape = is_in_string && text.ptr[i] == '\\' && i + 1 < text.len;
        if (text.ptr[i] == '"')
            is_in_string = !is_in_string;
        if (is_in_string || !is_blank(text.ptr[i]))
            out[len++] = text.ptr[i];
        if (is_escape)
            out[len++] = text.ptr[++i];
    }
    nj_fact_put_hash(facts, NJ_FACT_ARGUMENTS_HASH, (struct nj_slice){out, len});
}

/* What a structured result says of failure; the first text that is there is its message. */
struct outcome {
    bool has_failed;
    struct nj_slice error, message, text;
};

/* Where a member stands: in the result itself or what wraps it, in its error, in its list of
 * contents, in one of them. */
enum place { PLACE_RESULT, PLACE_ERROR, PLACE_CONTENTS, PLACE_CONTENT, PLACE_NONE };

static bool
text_is(struct nj_slice text, const char *lower)
{
    size_t i = 0;

    while (i < text.len && lower[i] && nj_char_lower(text.ptr[i]) == lower[i])
        i++;
    return i == text.len && !lower[i];
}

static bool
is_true(const struct nj_value *value)
{
    double number;

    if (value->type == NJ_VALUE_BOOL)
        return value->boolean;
    return value->type == NJ_VALUE_STRING ? value->bytes.len > 0
                                          : nj_value_real(value, &number) && number != 0;
}

static void
result_member(struct outcome *outcome, struct nj_slice key, const struct nj_value *value)
{
    struct nj_slice text = nj_value_text(value);

    if (nj_slice_eq(key, NJ_SLICE("isError")) || nj_slice_eq(key, NJ_SLICE("is_error")))
        outcome->has_failed |= nj_value_is_true(value);
    else if (nj_slice_eq(key, NJ_SLICE("success")))
        outcome->has_failed |= value->type == NJ_VALUE_BOOL && !value->boolean;
    else if (nj_slice_eq(key, NJ_SLICE("status")))
        outcome->has_failed |= text_is(text, "error") || text_is(text, "failed");
    else if (nj_slice_eq(key, NJ_SLICE("message")))
        outcome->message = text;
    else if (nj_slice_eq(key, NJ_SLICE("content")))
        outcome->text = text;
    else if (nj_slice_eq(key, NJ_SLICE("error"))) {
        outcome->has_failed |= is_true(value);
        outcome->error = text;
    }
}

static void
outcome_put(struct outcome *outcome, enum place place, struct nj_slice key,
            const struct nj_value *value)
{
    if (place == PLACE_RESULT)
        result_member(outcome, key, value);
    if (place == PLACE_ERROR)
        outcome->has_failed = true;
    if (place == PLACE_ERROR && nj_slice_eq(key, NJ_SLICE("message")))
        outcome->error = nj_value_text(value);
    if (place == PLACE_CONTENT && outcome->text.len == 0 && nj_slice_eq(key, NJ_SLICE("text")))
        outcome->text = nj_value_text(value);
}

/* What a container inside `place` is; NONE: of no interest. */
static enum place
place_inside(enum place place, struct nj_slice key, enum nj_json_type type)
{
    if (place == PLACE_CONTENTS)
        return type == NJ_JSON_OBJECT ? PLACE_CONTENT : PLACE_NONE;
    if (place != PLACE_RESULT)
        return PLACE_NONE;
    if (type == NJ_JSON_ARRAY)
        return nj_slice_eq(key, NJ_SLICE("content")) ? PLACE_CONTENTS : PLACE_NONE;
    if (nj_slice_eq(key, NJ_SLICE("error")))
        return PLACE_ERROR;
    /* LangChain puts a tool's message into `output` and its fields into `kwargs` */
    return nj_slice_eq(key, NJ_SLICE("output")) || nj_slice_eq(key, NJ_SLICE("kwargs"))
               ? PLACE_RESULT
               : PLACE_NONE;
}

static void
outcome_read(struct outcome *outcome, struct nj_json *json)
{
    enum { DEPTH_MAX = 8 };
    enum place places[DEPTH_MAX];
    struct nj_value value;
    size_t depth = 0;

    if (nj_json_peek(json) == NJ_JSON_OBJECT && nj_json_object(json))
        places[depth++] = PLACE_RESULT;
    while (depth > 0 && !json->error) {
        enum place place = places[depth - 1], inside;
        struct nj_slice key = {"", 0};
        if (!(place == PLACE_CONTENTS ? nj_json_array_next(json)
                                      : nj_json_object_next(json, &key))) {
            depth--;
            continue;
        }
        enum nj_json_type type = nj_json_peek(json);
        bool is_container = type == NJ_JSON_OBJECT || type == NJ_JSON_ARRAY;
        inside =
            is_container && depth < DEPTH_MAX ? place_inside(place, key, type) : PLACE_NONE;
        if (inside != PLACE_NONE) {
            if (type == NJ_JSON_OBJECT ? nj_json_object(json) : nj_json_array(json))
                places[depth++] = inside;
        } else if (nj_conventions_scalar(json, &value)) {
            outcome_put(outcome, place, key, &value);
        }
    }
}

/* Whether the result says that the tool failed, and with what message. The status of the span
 * says nothing of it: libraries that turn exceptions into results leave it unset. */
static void
failure_put(struct nj_conventions *c, struct nj_buf *facts)
{
    static const char *const words[] = {"rror", "success", "status"};
    const struct nj_found *found = nj_found_get(&c->span, NJ_CONCEPT_RESULT);
    struct outcome outcome = {0};
    struct nj_json json;

    if (!found)
        return;
    struct nj_slice text = nj_conventions_json(c, found->value);
    if (!nj_text_has(text, words, NJ_LEN(words)))
        return;
    nj_json_init(&json, text, false, c->arena);
    outcome_read(&outcome, &json);
    if (!outcome.has_failed)
        return;
    nj_fact_put_int(facts, NJ_FACT_TOOL_FAILED, 1);
    nj_fact_put_cut(facts, NJ_FACT_TOOL_FAILED_TEXT,
                    outcome.error.len     ? outcome.error
                    : outcome.message.len ? outcome.message
                                          : outcome.text);
}

void
nj_tool_facts(struct nj_conventions *c, struct nj_buf *facts)
{
    struct nj_slice call = nj_found_text(&c->span, NJ_CONCEPT_TOOL_CALL);
    uint64_t hash = call.len ? nj_hash(call) : nj_call_of_result(c);

    if (hash)
        nj_fact_put_int(facts, NJ_FACT_TOOL_CALL_ID, (int64_t)hash);
    arguments_put(c, facts);
    failure_put(c, facts);
}
