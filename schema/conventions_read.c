/* conventions_read.c - from a list of attributes to the best value of every concept. */
#include "base/clock.h"
#include "base/jsonw.h"
#include "schema/conventions_engine.h"
#include "schema/operation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Concepts that a span may state many times; all others keep their best value alone. */
static bool concept_is_many(enum nj_concept concept)
{
    static const bool is_many[NJ_CONCEPTS_LEN] = {
        [NJ_CONCEPT_CALL_REQUESTED] = true,   [NJ_CONCEPT_CALL_ANSWERED] = true,
        [NJ_CONCEPT_EVALUATION_NAME] = true,  [NJ_CONCEPT_EVALUATION_LABEL] = true,
        [NJ_CONCEPT_EVALUATION_SCORE] = true, [NJ_CONCEPT_WEIGHT] = true,
    };
    return is_many[concept];
}

static struct nj_slice
slice_trim(struct nj_slice s)
{
    while (s.len && (unsigned char)s.ptr[0] <= ' ')
        s = nj_slice_from(s, 1);
    while (s.len && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    return s;
}

static struct nj_slice
slice_unquote(struct nj_slice s)
{
    if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
        return (struct nj_slice){s.ptr + 1, s.len - 2};
    return s;
}

static struct nj_slice
slice_until(struct nj_slice s, char stop)
{
    const char *at = s.len ? memchr(s.ptr, stop, s.len) : NULL;
    return at ? (struct nj_slice){s.ptr, (size_t)(at - s.ptr)} : s;
}

struct nj_slice
nj_plain_text(struct nj_conventions *c, const struct nj_value *value)
{
    char digits[33];
    size_t len = 0;

    switch (value->type) {
    case NJ_VALUE_STRING:
        return value->bytes;
    case NJ_VALUE_INT:
        len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value->integer);
        break;
    case NJ_VALUE_DOUBLE:
        if (!isfinite(value->real))
            return (struct nj_slice){"", 0};
        len = nj_real_print(digits, value->real);
        break;
    case NJ_VALUE_BOOL:
        return value->boolean ? NJ_SLICE("true") : NJ_SLICE("false");
    case NJ_VALUE_NULL:
    case NJ_VALUE_BYTES:
    case NJ_VALUE_ARRAY:
    case NJ_VALUE_MAP:
        return (struct nj_slice){"", 0};
    }
    struct nj_slice text = nj_arena_copy(c->arena, (struct nj_slice){digits, len});
    c->is_failed |= !text.ptr;
    return text.ptr ? text : (struct nj_slice){"", 0};
}

static bool
read_text(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    found->text = slice_trim(nj_plain_text(c, value));
    return found->text.len > 0;
}

static bool
read_quoted(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    found->text = slice_trim(slice_unquote(slice_trim(nj_plain_text(c, value))));
    return found->text.len > 0;
}

static bool
read_name(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    return read_quoted(c, found, value) && !nj_text_is_id(found->text);
}

static bool
read_count(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    (void)c;
    return nj_value_int(value, &found->integer) && found->integer >= 0;
}

static bool
read_number(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    (void)c;
    return nj_value_real(value, &found->real);
}

static bool
span_read(struct nj_found *found, const struct nj_value *value, double unit_ns)
{
    double real;

    if (!nj_value_real(value, &real) || real < 0 || real * unit_ns > 9e18)
        return false;
    found->integer = (int64_t)round(real * unit_ns);
    return true;
}

static bool
read_seconds(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    (void)c;
    return span_read(found, value, 1e9);
}

static bool
read_milliseconds(struct nj_conventions *c, struct nj_found *found,
                  const struct nj_value *value)
{
    (void)c;
    return span_read(found, value, 1e6);
}

static bool
read_instant(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    struct nj_found text;
    return read_quoted(c, &text, value) && nj_time_parse(text.text, &found->integer);
}

static bool
read_truth(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    (void)c;
    found->integer = nj_value_is_true(value);
    return found->integer != 0;
}

/* The first of a list; writers of facts walk the rest. */
static bool
read_list(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    struct nj_value first;

    if (value->type != NJ_VALUE_ARRAY)
        return read_text(c, found, value);
    const uint8_t *at = (const uint8_t *)value->bytes.ptr;
    return value->bytes.len && nj_value_read(&at, at + value->bytes.len, &first) &&
           read_text(c, found, &first);
}

static bool
read_structure(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    (void)c;
    found->text = (struct nj_slice){"", 0};
    if (value->type != NJ_VALUE_STRING && value->type != NJ_VALUE_ARRAY &&
        value->type != NJ_VALUE_MAP)
        return value->type == NJ_VALUE_INT || value->type == NJ_VALUE_DOUBLE;
    return value->bytes.len > 0;
}

static bool
read_error_level(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    enum { LEVEL_ERROR = 17 };
    static const char *const words[] = {"ERROR", "FATAL", "CRITICAL",
                                        "Error", "Fail",  "Failure"};
    (void)c;
    if (nj_value_int(value, &found->integer))
        return found->integer >= LEVEL_ERROR;
    for (size_t i = 0; i < NJ_LEN(words); i++)
        if (nj_slice_eq(slice_unquote(nj_value_text(value)), nj_slice_of(words[i])))
            return true;
    return false;
}

static bool
spelling_read(struct nj_conventions *c, struct nj_found *found, struct nj_slice text,
              enum nj_strength strength)
{
    const struct nj_spelling *spelling = nj_spelling_find(c, text);

    if (!spelling || spelling->strength != strength)
        return false;
    found->kind = (enum nj_kind)spelling->kind;
    return true;
}

static bool
read_spelled(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    return spelling_read(c, found, slice_unquote(nj_value_text(value)), NJ_STRENGTH_FIRM);
}

static bool
read_spelled_weak(struct nj_conventions *c, struct nj_found *found,
                  const struct nj_value *value)
{
    return spelling_read(c, found, slice_unquote(nj_value_text(value)), NJ_STRENGTH_WEAK);
}

static bool
read_spelled_word(struct nj_conventions *c, struct nj_found *found,
                  const struct nj_value *value)
{
    return spelling_read(c, found, slice_until(nj_value_text(value), ' '), NJ_STRENGTH_FIRM);
}

static bool
read_mark(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    return spelling_read(c, found, slice_unquote(nj_value_text(value)), NJ_STRENGTH_MARK);
}

/* Any text at all; the reading says what its presence means. */
static bool
read_presence(struct nj_conventions *c, struct nj_found *found, const struct nj_value *value)
{
    static const uint8_t means[NJ_READINGS_LEN] = {
        [NJ_READING_MEANS_TOOL] = NJ_KIND_TOOL,
        [NJ_READING_MEANS_LLM] = NJ_KIND_LLM,
        [NJ_READING_MEANS_EMBEDDING] = NJ_KIND_EMBEDDING,
        [NJ_READING_MEANS_RETRIEVER] = NJ_KIND_RETRIEVER,
        [NJ_READING_MEANS_HANDOFF] = NJ_KIND_HANDOFF,
    };
    if (!read_text(c, found, value))
        return false;
    found->kind = (enum nj_kind)means[nj_convention_table[found->row].reading];
    return true;
}

static bool (*const readers[NJ_READINGS_LEN])(struct nj_conventions *, struct nj_found *,
                                              const struct nj_value *) = {
    [NJ_READING_TEXT] = read_text,
    [NJ_READING_QUOTED] = read_quoted,
    [NJ_READING_NAME] = read_name,
    [NJ_READING_PROVIDER] = read_quoted,
    [NJ_READING_COUNT] = read_count,
    [NJ_READING_NUMBER] = read_number,
    [NJ_READING_SECONDS] = read_seconds,
    [NJ_READING_MILLISECONDS] = read_milliseconds,
    [NJ_READING_INSTANT] = read_instant,
    [NJ_READING_TRUTH] = read_truth,
    [NJ_READING_LIST] = read_list,
    [NJ_READING_STRUCTURE] = read_structure,
    [NJ_READING_BESIDE_CACHE] = read_structure,
    [NJ_READING_ERROR_LEVEL] = read_error_level,
    [NJ_READING_SPELLED] = read_spelled,
    [NJ_READING_SPELLED_WEAK] = read_spelled_weak,
    [NJ_READING_SPELLED_WORD] = read_spelled_word,
    [NJ_READING_MEANS_TOOL] = read_presence,
    [NJ_READING_MEANS_LLM] = read_presence,
    [NJ_READING_MEANS_EMBEDDING] = read_presence,
    [NJ_READING_MEANS_RETRIEVER] = read_presence,
    [NJ_READING_MEANS_HANDOFF] = read_presence,
    [NJ_READING_MARK] = read_mark,
};

void
nj_finding_offer(struct nj_conventions *c, struct nj_findings *out, uint16_t row,
                 const struct nj_value *value, uint32_t number)
{
    const struct nj_convention *convention = &nj_convention_table[row];
    enum nj_concept concept = (enum nj_concept)convention->concept;
    struct nj_found found = {.row = row, .value = value};

    bool is_many = concept_is_many(concept);
    const struct nj_found *best = nj_found_get(out, concept);
    if (!is_many && best && best->row <= row)
        return;
    if (!readers[convention->reading](c, &found, value))
        return;
    out->has[concept / 64] |= 1ULL << (concept % 64);
    if (!is_many)
        out->best[concept] = found;
    else if (out->many_len < NJ_MANY_MAX)
        out->many[out->many_len++] = (struct nj_one_of_many){found, number};
}

/* By row, number and text, so that the order of the attributes does not show. */
static int
many_cmp(const void *a, const void *b)
{
    const struct nj_one_of_many *p = a, *q = b;
    if (p->found.row != q->found.row)
        return p->found.row < q->found.row ? -1 : 1;
    if (p->number != q->number)
        return p->number < q->number ? -1 : 1;
    return 0;
}

void
nj_findings_read(struct nj_conventions *c, struct nj_findings *out, struct nj_attrs attrs)
{
    memset(out->has, 0, sizeof out->has);
    out->many_len = 0;
    for (size_t i = 0; i < attrs.len; i++) {
        struct nj_convention_rows rows = nj_convention_find(c, attrs.list[i].key);
        for (size_t r = 0; r < rows.len; r++)
            nj_finding_offer(c, out, rows.list[r], &attrs.list[i].value, rows.number);
    }
    if (out->many_len > 1)
        qsort(out->many, out->many_len, sizeof *out->many, many_cmp);
}
