/* notation.c - reads the short notation of build.h. */
#include "tests/notation.h"

#include "base/hash.h"
#include "schema/facts.h"
#include "tests/build.h"
#include "tests/test.h"

#include <ctype.h>
#include <stdio.h>

enum { NS_PER_MS = 1000000 };

static const char *const fact_names[NJ_FACTS_LEN] = {
#define NJ_FACT(symbol, type, meaning) #symbol,
#include "schema/facts.def"
#undef NJ_FACT
};

uint64_t
test_span_id(const char *name)
{
    uint64_t id = 0;
    size_t len = strlen(name);

    if (len > sizeof id)
        return nj_hash(nj_slice_of(name));
    for (size_t i = 0; i < sizeof id; i++)
        id = id << 8 | (i < len ? (unsigned char)name[i] : 0);
    return id;
}

/* One word up to any of `stops`, or between 'quotes'; moves *at past it. */
static void
word_read(const char **at, const char *stops, char *out)
{
    bool is_quoted = **at == '\'';
    const char *from = *at + is_quoted;
    size_t len = strcspn(from, is_quoted ? "'" : stops);

    if (len >= TEST_TEXT_MAX || (is_quoted && !from[len]))
        fail_msg("word too long or quote open: %.60s", *at);
    memcpy(out, from, len);
    out[len] = '\0';
    *at = from + len + is_quoted;
}

/* Milliseconds with a fraction as nanoseconds; false where there is no number. */
static bool
time_read(const char **at, int64_t *out)
{
    bool is_negative = **at == '-';
    const char *from = *at += is_negative;
    int64_t ns = 0;

    while (isdigit((unsigned char)**at))
        ns = ns * 10 + (*(*at)++ - '0');
    ns *= NS_PER_MS;
    if (**at == '.') {
        int64_t unit = NS_PER_MS / 10;
        for (++*at; isdigit((unsigned char)**at); unit /= 10)
            ns += unit * (*(*at)++ - '0');
    }
    *out = is_negative ? -ns : ns;
    return *at != from;
}

static void
times_read(const char **at, struct nj_row *row)
{
    const char *from = *at;

    if (*(*at)++ != '[')
        fail_msg("expected [start,end]: %.60s", from);
    if (!time_read(at, &row->start_ns))
        row->flags |= NJ_ROW_NO_START;
    if (*(*at)++ != ',')
        fail_msg("expected a comma: %.60s", from);
    if (!time_read(at, &row->end_ns)) {
        row->flags |= NJ_ROW_NO_END;
        row->end_ns = row->start_ns;
    }
    if (*(*at)++ != ']')
        fail_msg("expected ]: %.60s", from);
}

static int64_t
number_of(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (*end || end == text)
        return (int64_t)nj_hash(nj_slice_of(text));
    return value;
}

static uint8_t
one_of(const char *value, const char *const *names, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strcmp(value, names[i]) == 0)
            return (uint8_t)i;
    fail_msg("unknown value '%s'", value);
    return 0;
}

static void
enum_set(struct nj_row *row, const char *key, const char *value)
{
    static const char *const statuses[] = {"unset", "ok", "error"};
    static const char *const otel[] = {"unspecified", "internal", "server",
                                       "client",      "producer", "consumer"};
    static const char *const hows[NJ_HOW_LEN] = {
        "none",        "gen_ai.agent.name", "agent.name", "agent_name", "entity",  "metadata",
        "function_id", "span_name",         "agent_id",   "inherited",  "service", "unknown"};

    if (strcmp(key, "kind") == 0)
        row->kind = (uint8_t)nj_kind_find(nj_slice_of(value));
    else if (strcmp(key, "status") == 0)
        row->status = one_of(value, statuses, NJ_LEN(statuses));
    else if (strcmp(key, "otel") == 0)
        row->otel_kind = one_of(value, otel, NJ_LEN(otel));
    else
        row->how = one_of(value, hows, NJ_LEN(hows));
    assert_true(row->kind < NJ_KINDS_LEN);
}

static bool
text_set(struct test_span_note *note, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *text;
    } texts[] = {
        {"name", note->name},       {"op", note->operation},      {"agent", note->agent},
        {"model", note->model},     {"provider", note->provider}, {"tool", note->tool},
        {"service", note->service}, {"host", note->host},         {"lib", note->library}};

    for (size_t i = 0; i < NJ_LEN(texts); i++)
        if (strcmp(key, texts[i].key) == 0) {
            (void)snprintf(texts[i].text, TEST_TEXT_MAX, "%s", value);
            return true;
        }
    return false;
}

static bool
number_set(struct test_span_note *note, const char *key, const char *value)
{
    static const char *const counts[NJ_TOKENS_LEN] = {"input", "cached", "write", "output",
                                                      "reasoning"};

    for (size_t i = 0; i < NJ_TOKENS_LEN; i++)
        if (strcmp(key, counts[i]) == 0) {
            note->row.tokens[i] = number_of(value);
            return true;
        }
    if (strcmp(key, "tokens") == 0) {
        const char *plus = strchr(value, '+');
        note->row.tokens[NJ_TOKEN_INPUT] = strtoll(value, NULL, 10);
        note->row.tokens[NJ_TOKEN_OUTPUT] = plus ? strtoll(plus + 1, NULL, 10) : -1;
        return true;
    }
    if (strcmp(key, "grain") == 0)
        note->granularity_ns = (uint32_t)number_of(value);
    else if (strcmp(key, "id") == 0)
        note->row.span_id = test_span_id(value);
    else
        return false;
    return true;
}

static bool
link_put(struct test_span_note *note, const char *key, const char *value)
{
    const char *slash = strchr(value, '/');
    struct nj_fact_link link = {.trace_id = *note->trace,
                                .is_follows_from = strcmp(key, "follows") == 0};

    if (!link.is_follows_from && strcmp(key, "link") != 0)
        return false;
    if (slash)
        link.trace_id = nj_trace_id_of_text((struct nj_slice){value, (size_t)(slash - value)});
    link.span_id = test_span_id(slash ? slash + 1 : value);
    nj_fact_put_link(&note->facts, &link);
    return true;
}

static bool
fact_put(struct test_span_note *note, const char *key, const char *value)
{
    size_t i = 0;

    while (i < NJ_FACTS_LEN && strcmp(key, fact_names[i]) != 0)
        i++;
    if (i == NJ_FACTS_LEN)
        return false;
    switch (nj_fact_type((enum nj_fact)i)) {
    case NJ_FACT_IS_INT:
        nj_fact_put_int(&note->facts, (enum nj_fact)i, number_of(value));
        break;
    case NJ_FACT_IS_REAL:
        nj_fact_put_real(&note->facts, (enum nj_fact)i, strtod(value, NULL));
        break;
    case NJ_FACT_IS_TEXT:
    case NJ_FACT_IS_BYTES:
        nj_fact_put_text(&note->facts, (enum nj_fact)i, nj_slice_of(value));
        break;
    }
    return true;
}

/* An error that ends the span: 'TYPE: MESSAGE' becomes an exception event at its end. */
static bool
error_put(struct test_span_note *note, const char *key, const char *value)
{
    const char *colon = strstr(value, ": ");

    if (strcmp(key, "throws") != 0)
        return false;
    assert_non_null(colon);
    note->row.status = NJ_STATUS_ERROR;
    nj_fact_put_int(&note->facts, NJ_FACT_EXCEPTION_TIME, note->row.end_ns);
    nj_fact_put_text(&note->facts, NJ_FACT_EXCEPTION_TYPE,
                     (struct nj_slice){value, (size_t)(colon - value)});
    nj_fact_put_text(&note->facts, NJ_FACT_EXCEPTION_MESSAGE, nj_slice_of(colon + 2));
    return true;
}

static void
attr_put(struct test_span_note *note, const char *key, const char *value,
         struct nj_arena *arena)
{
    if (!note->attrs)
        note->attrs = NJ_NEW(arena, struct test_attrs, 1);
    assert_true(note->attrs && note->attrs->len < TEST_ATTRS_MAX);
    note->attrs->list[note->attrs->len++] = (struct nj_attr){
        nj_arena_copy(arena, nj_slice_of(key)),
        {.type = NJ_VALUE_STRING, .bytes = nj_arena_copy(arena, nj_slice_of(value))}};
}

static void
pair_read(const char **at, struct test_span_note *note, struct nj_arena *arena)
{
    char key[TEST_TEXT_MAX], value[TEST_TEXT_MAX] = "";

    word_read(at, "= ;\n", key);
    if (**at == '=') {
        ++*at;
        word_read(at, " ;\n", value);
    }
    if (strcmp(key, "pending") == 0)
        note->row.flags |= NJ_ROW_PENDING;
    else if (strcmp(key, "shared") == 0)
        note->row.flags |= NJ_ROW_SHARED;
    else if (key[0] == '@')
        attr_put(note, key + 1, value, arena);
    else if (strcmp(key, "kind") == 0 || strcmp(key, "status") == 0 ||
             strcmp(key, "otel") == 0 || strcmp(key, "how") == 0)
        enum_set(&note->row, key, value);
    else if (!text_set(note, key, value) && !number_set(note, key, value) &&
             !link_put(note, key, value) && !error_put(note, key, value) &&
             !fact_put(note, key, value))
        fail_msg("unknown key '%s'", key);
}

static void
head_read(const char **at, struct test_span_note *note)
{
    char parent[TEST_TEXT_MAX];

    word_read(at, "<[", note->name);
    note->row.span_id = test_span_id(note->name);
    (void)snprintf(note->operation, sizeof note->operation, "%s", note->name);
    if (**at == '<') {
        ++*at;
        word_read(at, "[", parent);
        note->row.flags |= NJ_ROW_HAS_PARENT;
        note->row.parent_id = test_span_id(parent);
    }
    times_read(at, &note->row);
}

bool
test_note_read(const char **at, struct test_span_note *out, const struct nj_trace_id *self,
               struct nj_arena *arena)
{
    const char *from = *at += strspn(*at, " ;\n");

    if (!**at)
        return false;
    *out = (struct test_span_note){
        .row = {.tokens = {-1, -1, -1, -1, -1}}, .granularity_ns = 1, .trace = self};
    head_read(at, out);
    for (*at += strspn(*at, " "); **at && **at != ';' && **at != '\n'; *at += strspn(*at, " "))
        pair_read(at, out, arena);
    if (out->agent[0] && !out->row.how)
        out->row.how = NJ_HOW_GEN_AI_AGENT_NAME;
    assert_false(out->facts.is_failed);
    out->row.facts = nj_arena_copy(arena, nj_buf_slice(&out->facts));
    out->row.digest = nj_hash((struct nj_slice){from, (size_t)(*at - from)});
    nj_buf_fini(&out->facts);
    return true;
}
