/* settings.c - reads a command line by the table of options. */
#include "tools/settings.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define ALL        NJ_GROUP_ALL
#define READ       NJ_GROUP_READ
#define SELECT     NJ_GROUP_SELECT
#define FORMAT     NJ_GROUP_FORMAT
#define STORE      NJ_GROUP_STORE
#define OUTPUT     NJ_GROUP_OUTPUT
#define PATH       NJ_GROUP_PATH
#define ERRORS     NJ_GROUP_ERRORS
#define SAMPLING   NJ_GROUP_SAMPLING
#define GATES      NJ_GROUP_GATES
#define REPORT     NJ_GROUP_REPORT
#define EXPORT     NJ_GROUP_EXPORT
#define TRACES     NJ_GROUP_TRACES
#define PER_TRACE  NJ_GROUP_PER_TRACE
#define PRICES     NJ_GROUP_PRICES
#define VALUES     NJ_GROUP_VALUES
#define BASELINE   NJ_GROUP_BASELINE
#define JUDGE      NJ_GROUP_JUDGE
#define CHECK      NJ_GROUP_CHECK
#define NIGHT      NJ_GROUP_NIGHT
#define ACCEPT     NJ_GROUP_ACCEPT
#define REASON     NJ_GROUP_REASON
#define DIFF       NJ_GROUP_DIFF
#define PATH_BY    NJ_GROUP_PATH_BY
#define LATENCY_BY NJ_GROUP_LATENCY_BY
#define TOKENS_BY  NJ_GROUP_TOKENS_BY

const struct nj_option nj_options_table[] = {
#define NJ_OPTION(name, letter, type, argument, field, groups, help)                           \
    {name,   letter, NJ_OPTION_##type, argument, offsetof(struct nj_settings, field),          \
     groups, help},
#include "tools/settings.def"
#undef NJ_OPTION
};
const size_t nj_options_table_len = NJ_LEN(nj_options_table);

static bool
count_read(const char *text, uint64_t *out)
{
    char *stop;

    errno = 0;
    unsigned long long v = strtoull(text, &stop, 10);
    if (stop == text || text[0] == '-' || errno)
        return false;
    uint64_t unit = *stop == 'k'   ? 1000
                    : *stop == 'M' ? 1000000
                    : *stop == 'G' ? 1000000000
                                   : 1;
    if (unit > 1)
        stop++;
    return *stop == '\0' && !__builtin_mul_overflow((uint64_t)v, unit, out);
}

/* "0.05" or "5%", in (0, 1]; reads up to `stop`. */
static bool
rate_read(const char *text, const char **stop, double *out)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text)
        return false;
    if (*end == '%') {
        v /= 100;
        end++;
    }
    *stop = end;
    *out = v;
    return v > 0 && v <= 1;
}

static bool
choice_read(const char *words, const char *text, int *out)
{
    size_t len = strlen(text);

    for (int i = 0; *words; i++) {
        size_t n = strcspn(words, "|");
        if (n == len && memcmp(words, text, n) == 0) {
            *out = i;
            return true;
        }
        words += n + (words[n] == '|');
    }
    return false;
}

static bool
pair_read(const char *text, struct nj_slice *out)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text)
        return false;
    out[0] = (struct nj_slice){text, (size_t)(equals - text)};
    out[1] = nj_slice_of(equals + 1);
    return true;
}

/* KEY=NAME:PERCENT; the name may hold colons, so the last one divides. */
static bool
what_if_read(const char *text, struct nj_options *out)
{
    static const char *const keys[] = {"agent", "tool", "model", "operation"};
    const char *colon = strrchr(text, ':'), *stop;
    struct nj_slice pair[2];
    bool is_key = false;

    if (!colon || !pair_read(text, pair) || pair[1].ptr > colon ||
        !rate_read(colon + 1, &stop, &out->what_if_faster) || *stop)
        return false;
    pair[1].len = (size_t)(colon - pair[1].ptr);
    for (size_t i = 0; i < NJ_LEN(keys); i++)
        is_key |= nj_slice_eq(pair[0], nj_slice_of(keys[i]));
    out->what_if_key = pair[0];
    out->what_if_value = pair[1];
    return is_key && pair[1].len > 0;
}

static bool
range_read(const char *text, double *out)
{
    const char *stop;

    return rate_read(text, &stop, &out[0]) && *stop == ',' &&
           rate_read(stop + 1, &stop, &out[1]) && *stop == '\0' && out[0] <= out[1];
}

static bool
value_read(const struct nj_option *option, const char *text, struct nj_settings *settings)
{
    void *field = (char *)settings + option->offset;
    const char *stop;
    uint64_t count;
    int choice;

    switch (option->type) {
    case NJ_OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case NJ_OPTION_TEXT:
        *(const char **)field = text;
        return *text != '\0';
    case NJ_OPTION_COUNT:
        return count_read(text, field) && *(uint64_t *)field > 0;
    case NJ_OPTION_JOBS:
        if (!count_read(text, &count) || count < 1 || count > 256)
            return false;
        *(unsigned *)field = (unsigned)count;
        return true;
    case NJ_OPTION_TIME:
        return nj_time_parse(nj_slice_of(text), field);
    case NJ_OPTION_RATE:
        return rate_read(text, &stop, field) && *stop == '\0';
    case NJ_OPTION_RANGE:
        return range_read(text, field);
    case NJ_OPTION_CHOICE:
        return choice_read(option->argument, text, field);
    case NJ_OPTION_WORD:
        *(const char **)field = text;
        return choice_read(option->argument, text, &choice);
    case NJ_OPTION_SWITCH:
        if (!choice_read(option->argument, text, &choice))
            return false;
        *(bool *)field = choice != 0;
        return true;
    case NJ_OPTION_PAIR:
        return pair_read(text, field);
    case NJ_OPTION_WHAT_IF:
        return what_if_read(text, &settings->analysis);
    }
    return false;
}

static const char *
expected_of(enum nj_option_type type)
{
    static const char *const texts[] = {
        [NJ_OPTION_FLAG] = "no value",
        [NJ_OPTION_TEXT] = "a text that is not empty",
        [NJ_OPTION_COUNT] = "a number above 0, such as 20 or 10k",
        [NJ_OPTION_JOBS] = "a number from 1 to 256",
        [NJ_OPTION_TIME] = "a time such as 2026-11-23T02:00:00Z or seconds since 1970",
        [NJ_OPTION_RATE] = "a rate above 0 and up to 1, such as 0.05 or 5%",
        [NJ_OPTION_RANGE] = "two rates with a comma between them, such as 0.03,0.1",
        [NJ_OPTION_CHOICE] = "one of",
        [NJ_OPTION_SWITCH] = "one of",
        [NJ_OPTION_WORD] = "one of",
        [NJ_OPTION_PAIR] = "KEY=VALUE",
        [NJ_OPTION_WHAT_IF] = "agent, tool, model or operation, as in agent=browser:30%",
    };
    return texts[type];
}

/* Number of single-letter edits between two short words (Levenshtein 1966). */
static size_t
distance(const char *a, size_t a_len, const char *b)
{
    size_t row[64], b_len = strlen(b);

    if (a_len >= 64 || b_len >= 64)
        return 64;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < gap ? change : gap;
        }
    }
    return row[b_len];
}

static enum nj_status
unknown_option(const char *name, size_t len, unsigned groups, struct nj_error *err)
{
    const char *nearest = NULL;
    size_t best = 3;

    for (size_t i = 0; i < nj_options_table_len; i++) {
        size_t d = distance(name, len, nj_options_table[i].name);
        if ((nj_options_table[i].groups & groups) && d < best) {
            best = d;
            nearest = nj_options_table[i].name;
        }
    }
    if (nearest)
        return nj_fail(err, NJ_EUSAGE, "no option --%.*s; did you mean --%s?", (int)len, name,
                       nearest);
    return nj_fail(err, NJ_EUSAGE, "no option --%.*s for this command", (int)len, name);
}

static const struct nj_option *
option_find(const char *name, size_t len, char letter, unsigned groups)
{
    for (size_t i = 0; i < nj_options_table_len; i++) {
        const struct nj_option *o = &nj_options_table[i];
        bool is_it = name ? strlen(o->name) == len && memcmp(o->name, name, len) == 0
                          : o->letter == letter;
        if (is_it && (o->groups & groups))
            return o;
    }
    return NULL;
}

/* One option at argv[*i]; moves *i past a value that is a word of its own. */
static enum nj_status
option_read(struct nj_settings *out, int argc, const char *const *argv, int *i, unsigned groups,
            struct nj_error *err)
{
    const char *word = argv[*i], *value = NULL;
    bool is_long = word[1] == '-';
    const char *name = is_long ? word + 2 : NULL;
    size_t len = is_long ? strcspn(name, "=") : 1;
    const struct nj_option *o = option_find(name, len, word[1], groups);

    if (!o && is_long)
        return unknown_option(name, len, groups, err);
    if (!o)
        return nj_fail(err, NJ_EUSAGE, "no option -%c for this command", word[1]);
    if (is_long && name[len] == '=')
        value = name + len + 1;
    else if (!is_long && word[2])
        value = word + 2;
    if (o->type == NJ_OPTION_FLAG) {
        if (value)
            return nj_fail(err, NJ_EUSAGE, "--%s takes no value, not '%s'", o->name, value);
    } else if (!value) {
        if (*i + 1 >= argc)
            return nj_fail(err, NJ_EUSAGE, "--%s needs %s", o->name, o->argument);
        value = argv[++*i];
    }
    if (value_read(o, value, out))
        return NJ_OK;
    bool has_words =
        o->type == NJ_OPTION_CHOICE || o->type == NJ_OPTION_SWITCH || o->type == NJ_OPTION_WORD;
    return nj_fail(err, NJ_EUSAGE, "--%s: expected %s%s%s, not '%s'", o->name,
                   expected_of(o->type), has_words ? " " : "", has_words ? o->argument : "",
                   value);
}

enum nj_status
nj_settings_parse(struct nj_settings *out, int argc, const char *const *argv, unsigned groups,
                  const char **words, struct nj_error *err)
{
    bool only_words = false;
    enum nj_status st = NJ_OK;

    *out = (struct nj_settings){.inputs = words};
    for (int i = 1; i < argc && st == NJ_OK; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1])
            st = option_read(out, argc, argv, &i, groups | NJ_GROUP_ALL, err);
        else
            words[out->inputs_len++] = argv[i];
    }
    return st;
}
