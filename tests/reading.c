/* reading.c - what the conventions make of a span, from text to text. */
#include "tests/reading.h"

#include "base/arena.h"
#include "base/hash.h"
#include "schema/facts.h"

#include <stdio.h>

enum { ATTRS_MAX = 64, EVENTS_MAX = 8 };

struct draft {
    struct nj_arena *arena;
    enum reading_form form;
    struct nj_span span;
    struct nj_scope scope;
    struct nj_attr attrs[ATTRS_MAX], resource[ATTRS_MAX], around[ATTRS_MAX];
    struct nj_event events[EVENTS_MAX];
    struct nj_attr of_event[EVENTS_MAX][ATTRS_MAX];
};

static struct nj_value
value_of(const struct draft *draft, struct nj_slice text, bool is_plain)
{
    struct nj_value value = {.type = NJ_VALUE_STRING, .bytes = text};
    int64_t integer;
    double real;

    if (is_plain || draft->form == READING_NUMBERS_AS_TEXT)
        return value;
    if (nj_slice_eq(text, NJ_SLICE("true")) || nj_slice_eq(text, NJ_SLICE("false")))
        return (struct nj_value){.type = NJ_VALUE_BOOL, .boolean = text.len == 4};
    bool is_integer = !memchr(text.ptr, '.', text.len) && nj_value_int(&value, &integer);
    assert_true(nj_value_real(&value, &real));
    if (is_integer && draft->form == READING_AS_GIVEN)
        return (struct nj_value){.type = NJ_VALUE_INT, .integer = integer};
    return (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = real};
}

/* [a,b] of the notation as an array of texts. */
static struct nj_value
array_of(struct draft *draft, struct nj_slice text)
{
    struct nj_buf bytes = {0};

    text = (struct nj_slice){text.ptr + 1, text.len - 2};
    while (text.len) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.ptr) : text.len;
        struct nj_value element = {.type = NJ_VALUE_STRING, .bytes = {text.ptr, len}};
        nj_value_write(&bytes, &element);
        text = nj_slice_from(text, len + 1);
    }
    struct nj_slice kept = nj_arena_copy(draft->arena, nj_buf_slice(&bytes));
    nj_buf_fini(&bytes);
    return (struct nj_value){.type = NJ_VALUE_ARRAY, .bytes = kept};
}

static void
attr_put(struct draft *draft, struct nj_attr *list, size_t *len, struct nj_slice line)
{
    const char *equals = memchr(line.ptr, '=', line.len);
    assert_non_null(equals);
    assert_true(*len < ATTRS_MAX);
    size_t at = (size_t)(equals - line.ptr);
    struct nj_slice text = nj_slice_from(line, at + 1);
    bool is_plain = at == 0 || line.ptr[at - 1] != ':';
    struct nj_attr *attr = &list[(*len)++];

    attr->key = (struct nj_slice){line.ptr, is_plain ? at : at - 1};
    attr->value = !is_plain && text.ptr[0] == '[' ? array_of(draft, text)
                                                  : value_of(draft, text, is_plain);
}

static void
event_begin(struct draft *draft, struct nj_slice line)
{
    size_t i = draft->span.events_len++, name = line.len;

    assert_true(i < EVENTS_MAX);
    while (name > 0 && line.ptr[name - 1] != ' ')
        name--;
    draft->events[i] = (struct nj_event){
        .time_ns = READING_START_NS + (int64_t)(atof(line.ptr + name) * 1e6),
        .name = {line.ptr, name - 1},
        .attrs.list = draft->of_event[i],
    };
}

static void
line_put(struct draft *draft, struct nj_slice line)
{
    size_t events = draft->span.events_len;
    struct nj_slice rest = nj_slice_from(line, 1);

    if (line.ptr[0] == '!')
        event_begin(draft, rest);
    else if (line.ptr[0] == '^')
        attr_put(draft, draft->resource, &draft->scope.resource.len, rest);
    else if (line.ptr[0] == '~')
        attr_put(draft, draft->around, &draft->scope.attrs.len, rest);
    else if (nj_slice_starts(line, NJ_SLICE("status=error"))) {
        draft->span.status = NJ_STATUS_ERROR;
        draft->span.status_message = nj_slice_from(line, sizeof "status=error");
    } else if (events)
        attr_put(draft, draft->of_event[events - 1], &draft->events[events - 1].attrs.len,
                 line);
    else
        attr_put(draft, draft->attrs, &draft->span.attrs.len, line);
}

static struct draft *
draft_of(const char *text, enum reading_form form, uint64_t seed)
{
    struct draft *draft = calloc(1, sizeof *draft);
    struct nj_slice rest = nj_slice_of(text);

    draft->arena = nj_arena_new(4096);
    draft->form = form;
    draft->span = (struct nj_span){.span_id = 1,
                                   .start_ns = READING_START_NS,
                                   .end_ns = READING_START_NS + 1000000000,
                                   .attrs.list = draft->attrs,
                                   .events = draft->events};
    draft->scope.resource.list = draft->resource;
    draft->scope.attrs.list = draft->around;
    for (bool is_first = true; rest.len; is_first = false) {
        const char *stop = memchr(rest.ptr, '\n', rest.len);
        struct nj_slice line = {rest.ptr, stop ? (size_t)(stop - rest.ptr) : rest.len};
        rest = nj_slice_from(rest, line.len + 1);
        if (is_first)
            draft->span.name = line;
        else
            line_put(draft, line);
    }
    for (size_t i = draft->span.attrs.len; seed && i > 1; i--) {
        size_t j = test_random(&seed) % i;
        struct nj_attr swap = draft->attrs[i - 1];
        draft->attrs[i - 1] = draft->attrs[j];
        draft->attrs[j] = swap;
    }
    return draft;
}

/* The word of the span's text with this hash, or the hash. */
static void
hash_print(struct nj_buf *out, const char *span, int64_t hash)
{
    static const char breaks[] = " \n=\"{}[],";

    for (const char *word = span; *word;) {
        size_t len = strcspn(word, breaks);
        if (len && (int64_t)nj_hash((struct nj_slice){word, len}) == hash) {
            nj_buf_put(out, word, len);
            return;
        }
        word += len + (word[len] != '\0');
    }
    nj_buf_printf(out, "%016llx", (unsigned long long)hash);
}

static bool
is_hash(enum nj_fact fact)
{
    return fact == NJ_FACT_TOOL_CALL_ID || fact == NJ_FACT_CALL_REQUESTED ||
           fact == NJ_FACT_CALL_ANSWERED || fact == NJ_FACT_INPUT_HASH ||
           fact == NJ_FACT_OUTPUT_HASH;
}

static void
facts_print(struct nj_buf *out, struct nj_slice facts, const char *span)
{
    static const char *const names[NJ_FACTS_LEN] = {
#define NJ_FACT(symbol, type, meaning) #symbol,
#include "schema/facts.def"
#undef NJ_FACT
    };
    struct nj_fact_cursor cursor = nj_facts_open(facts);

    while (nj_facts_next(&cursor)) {
        nj_buf_printf(out, " %s=", names[cursor.fact]);
        switch (nj_fact_type(cursor.fact)) {
        case NJ_FACT_IS_TEXT:
        case NJ_FACT_IS_BYTES:
            nj_buf_put_slice(out, cursor.bytes);
            break;
        case NJ_FACT_IS_REAL:
            nj_buf_printf(out, "%g", cursor.real);
            break;
        case NJ_FACT_IS_INT:
            if (is_hash(cursor.fact))
                hash_print(out, span, cursor.integer);
            else
                nj_buf_printf(out, "%lld", (long long)cursor.integer);
            break;
        }
    }
    assert_ptr_equal(cursor.at, cursor.end);
}

static void
name_print(struct nj_buf *out, struct nj_names *names, const char *label, uint32_t id)
{
    if (id != NJ_NO_NAME)
        nj_buf_printf(out, " %s=%.*s", label, NJ_FMT(nj_names_get(names, id)));
}

static void
row_print(struct nj_buf *out, struct nj_names *names, const struct nj_row *row)
{
    static const char *const labels[NJ_TOKENS_LEN] = {"in", "cached", "write", "out",
                                                      "reasoning"};

    nj_buf_put_text(out, nj_kind_name((enum nj_kind)row->kind));
    name_print(out, names, "op", row->operation == row->name ? NJ_NO_NAME : row->operation);
    name_print(out, names, "agent", row->agent);
    if (row->how != NJ_HOW_NONE)
        nj_buf_printf(out, "(%s)", nj_how_name((enum nj_how)row->how));
    name_print(out, names, "model", row->model);
    name_print(out, names, "provider", row->provider);
    name_print(out, names, "tool", row->tool);
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        if (row->tokens[i] >= 0)
            nj_buf_printf(out, " %s=%lld", labels[i], (long long)row->tokens[i]);
    if (row->status == NJ_STATUS_ERROR)
        nj_buf_put_text(out, " error");
}

/* A reader that may have read other spans before. */
struct reader {
    struct nj_names *names;
    struct nj_conventions *conventions;
};

static struct reader
reader_new(void)
{
    struct nj_names *names = nj_names_new();
    return (struct reader){names, nj_conventions_new(names)};
}

static void
reader_free(struct reader *reader)
{
    nj_conventions_free(reader->conventions);
    nj_names_free(reader->names);
}

static char *
reader_print(struct reader *reader, const char *text, enum reading_form form, uint64_t seed)
{
    struct draft *draft = draft_of(text, form, seed);
    struct nj_buf facts = {0}, out = {0};
    struct nj_scope_facts scope;
    struct nj_row row;

    assert_int_equal(nj_conventions_scope(reader->conventions, &draft->scope, &scope, NULL),
                     NJ_OK);
    assert_int_equal(
        nj_conventions_row(reader->conventions, &draft->span, &scope, &row, &facts, NULL),
        NJ_OK);
    row_print(&out, reader->names, &row);
    name_print(&out, reader->names, "service", scope.service);
    name_print(&out, reader->names, "host", scope.host);
    facts_print(&out, nj_buf_slice(&facts), text);
    nj_buf_put_char(&out, '\0');
    nj_buf_fini(&facts);
    nj_arena_free(draft->arena);
    free(draft);
    return out.ptr;
}

char *
reading_of(const char *text, enum reading_form form, uint64_t seed)
{
    struct reader reader = reader_new();
    char *line = reader_print(&reader, text, form, seed);

    reader_free(&reader);
    return line;
}

static void
reading_expect(struct reader *reader, const struct reading_case *one, enum reading_form form,
               uint64_t seed)
{
    char *got = reader_print(reader, one->span, form, seed);

    if (strcmp(got, one->want) != 0)
        print_error("%s\n", one->span);
    assert_string_equal(got, one->want);
    free(got);
}

void
reading_expect_all(const struct reading_case *cases, size_t len)
{
    struct reader reader = reader_new();

    for (size_t i = 0; i < len; i++) {
        for (uint64_t seed = 0; seed < 6; seed++)
            reading_expect(&reader, &cases[i], READING_AS_GIVEN, seed);
        reading_expect(&reader, &cases[i], READING_NUMBERS_AS_TEXT, 0);
        reading_expect(&reader, &cases[i], READING_NUMBERS_AS_DOUBLES, 0);
    }
    reader_free(&reader);
}
