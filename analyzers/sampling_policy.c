/* sampling_policy.c - reads the rules and counts of a sampler and finds those that a trace
 * satisfies. */
#include "analyzers/sampling_policy.h"

#include "base/clock.h"
#include "base/glob.h"
#include "base/json.h"

#include <stdlib.h>

struct reader {
    const char *path;
    struct nj_json json;
    struct nj_names *names;
    struct nj_arena *arena;
    struct nj_error *err;
};

/* Line and column of `at`, and what is wrong there. */
static enum nj_status
reject(struct reader *r, const char *at, const char *what)
{
    unsigned long line = 1, column = 1;

    for (const char *p = r->json.begin; p < at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    return nj_fail(r->err, NJ_EUSAGE, "%s:%lu:%lu: %s", r->path, line, column, what);
}

/* The JSON itself is wrong, or not of the type that was asked for. */
static enum nj_status
reject_json(struct reader *r, const char *wanted)
{
    return reject(r, r->json.at, r->json.error ? r->json.error : wanted);
}

static enum nj_status
text_read(struct reader *r, struct nj_slice *out)
{
    struct nj_slice text;

    if (nj_json_peek(&r->json) != NJ_JSON_STRING || !nj_json_string(&r->json, &text))
        return reject_json(r, "expected a text in quotes");
    if (text.len == 0)
        return reject(r, r->json.at, "expected a text that is not empty");
    *out = nj_arena_copy(r->arena, text);
    return out->ptr ? NJ_OK : nj_fail(r->err, NJ_ENOMEM, "no memory for a sampling policy");
}

/* 0.05 or "5%". */
static enum nj_status
rate_read(struct reader *r, double *out)
{
    const char *at = r->json.at;
    struct nj_json_number number;
    struct nj_slice text;
    char *end = NULL;

    if (nj_json_peek(&r->json) == NJ_JSON_NUMBER) {
        if (!nj_json_number(&r->json, &number))
            return reject_json(r, "expected a rate");
        *out = number.real;
    } else {
        enum nj_status st = text_read(r, &text);
        if (st < 0)
            return st;
        *out = strtod(text.ptr, &end) / 100;
        if (end == text.ptr || strcmp(end, "%") != 0)
            return reject(r, at, "expected a rate such as 0.05 or \"5%\"");
    }
    return *out > 0 && *out <= 1 ? NJ_OK
                                 : reject(r, at, "a rate must be above 0 and at most 1");
}

/* How many traces of a stratum happened. */
static enum nj_status
population_read(struct reader *r, double *out)
{
    const char *at = r->json.at;
    struct nj_json_number number;

    if (nj_json_peek(&r->json) != NJ_JSON_NUMBER || !nj_json_number(&r->json, &number))
        return reject_json(r, "expected a number of traces");
    *out = number.real;
    return number.is_integer && number.real >= 1
               ? NJ_OK
               : reject(r, at, "expected a whole number of traces, at least 1");
}

static enum nj_status
status_read(struct reader *r, struct nj_sampling_rule *rule)
{
    const char *at = r->json.at;
    struct nj_slice text;
    enum nj_status st = text_read(r, &text);

    if (st < 0)
        return st;
    rule->wants_error = nj_slice_eq(text, NJ_SLICE("error"));
    rule->wants_no_error = nj_slice_eq(text, NJ_SLICE("ok"));
    return rule->wants_error || rule->wants_no_error
               ? NJ_OK
               : reject(r, at, "status must be \"error\" or \"ok\"");
}

static enum nj_status
duration_read(struct reader *r, struct nj_sampling_rule *rule)
{
    const char *at = r->json.at;
    struct nj_slice text;
    enum nj_status st = text_read(r, &text);

    if (st < 0)
        return st;
    return nj_duration_parse(text, &rule->duration_over_ns)
               ? NJ_OK
               : reject(r, at, "expected a duration such as \"5s\"");
}

static enum nj_status
count_read(struct reader *r, struct nj_sampling_rule *rule)
{
    const char *at = r->json.at;
    struct nj_json_number number;

    if (nj_json_peek(&r->json) != NJ_JSON_NUMBER || !nj_json_number(&r->json, &number))
        return reject_json(r, "expected a number of spans");
    rule->spans_over = number.integer;
    return number.is_integer && !number.is_unsigned && number.integer >= 0
               ? NJ_OK
               : reject(r, at, "expected a whole number of spans");
}

static enum nj_status
attribute_read(struct reader *r, struct nj_sampling_rule *rule)
{
    const char *at = r->json.at;
    struct nj_slice key;

    if (nj_json_peek(&r->json) != NJ_JSON_OBJECT || !nj_json_object(&r->json))
        return reject_json(r, "expected {\"key\": …, \"value\": …}");
    while (nj_json_object_next(&r->json, &key)) {
        bool is_key = nj_slice_eq(key, NJ_SLICE("key"));
        if (!is_key && !nj_slice_eq(key, NJ_SLICE("value")))
            return reject(r, at, "an attribute has \"key\" and \"value\" and nothing else");
        enum nj_status st = text_read(r, is_key ? &rule->key : &rule->value);
        if (st < 0)
            return st;
    }
    if (r->json.error)
        return reject_json(r, "expected an attribute");
    return rule->key.len && rule->value.len
               ? NJ_OK
               : reject(r, at, "an attribute needs \"key\" and \"value\"");
}

/* Conditions by name: a pattern, or a reading of its own. */
static const struct condition {
    const char *name;
    size_t pattern_at; /* offset of a struct nj_slice in the rule */
    enum nj_status (*read)(struct reader *r, struct nj_sampling_rule *rule);
} conditions[] = {
    {"agent", offsetof(struct nj_sampling_rule, agent), NULL},
    {"service", offsetof(struct nj_sampling_rule, service), NULL},
    {"operation", offsetof(struct nj_sampling_rule, operation), NULL},
    {"tool", offsetof(struct nj_sampling_rule, tool), NULL},
    {"root", offsetof(struct nj_sampling_rule, root), NULL},
    {"status", 0, status_read},
    {"duration_over", 0, duration_read},
    {"spans_over", 0, count_read},
    {"attribute", 0, attribute_read},
};

static enum nj_status
when_read(struct reader *r, struct nj_sampling_rule *rule)
{
    unsigned seen = 0;
    struct nj_slice key;

    if (nj_json_peek(&r->json) != NJ_JSON_OBJECT || !nj_json_object(&r->json))
        return reject_json(r, "expected an object of conditions");
    while (nj_json_object_next(&r->json, &key)) {
        size_t i = 0;
        while (i < NJ_LEN(conditions) && !nj_slice_eq(key, nj_slice_of(conditions[i].name)))
            i++;
        if (i == NJ_LEN(conditions))
            return reject(r, r->json.at,
                          "conditions are agent, service, operation, tool, root, status, "
                          "duration_over, spans_over and attribute");
        if (seen & 1u << i)
            return reject(r, r->json.at, "this condition was given before");
        seen |= 1u << i;
        enum nj_status st =
            conditions[i].read
                ? conditions[i].read(r, rule)
                : text_read(r, (struct nj_slice *)((char *)rule + conditions[i].pattern_at));
        if (st < 0)
            return st;
    }
    return r->json.error ? reject_json(r, "expected a condition") : NJ_OK;
}

static enum nj_status
source_name(struct reader *r, const char *prefix, struct nj_sampling_rule *rule)
{
    struct nj_buf text = {0};

    nj_buf_put_text(&text, prefix);
    nj_buf_put_slice(&text, rule->name);
    rule->source = text.is_failed ? UINT32_MAX : nj_names_intern(r->names, nj_buf_slice(&text));
    nj_buf_fini(&text);
    return rule->source == UINT32_MAX
               ? nj_fail(r->err, NJ_ENOMEM, "no memory for a sampling policy")
               : NJ_OK;
}

/* Rules have a rate, strata a population; else they are the same. */
static const struct kind {
    const char *list, *number, *prefix, *member, *repeated, *missing;
    size_t number_at;
    enum nj_status (*read)(struct reader *r, double *out);
} kinds[] = {
    {"rules", "rate", "policy:", "expected a rule: {\"name\": …, \"rate\": …, \"when\": {…}}",
     "a rule has name, rate and when, each once", "a rule needs a name and a rate",
     offsetof(struct nj_sampling_rule, rate), rate_read},
    {"strata", "population",
     "strata:", "expected a stratum: {\"name\": …, \"population\": …, \"when\": {…}}",
     "a stratum has name, population and when, each once",
     "a stratum needs a name and a population", offsetof(struct nj_sampling_rule, population),
     population_read},
};

static enum nj_status
rule_read(struct reader *r, const struct kind *kind, struct nj_sampling_rule *rule)
{
    enum { NAME = 1, NUMBER = 2, WHEN = 4 };
    const char *at = r->json.at;
    enum nj_status st = NJ_OK;
    struct nj_slice key;
    int seen = 0;

    *rule = (struct nj_sampling_rule){.duration_over_ns = -1, .spans_over = -1};
    if (nj_json_peek(&r->json) != NJ_JSON_OBJECT || !nj_json_object(&r->json))
        return reject_json(r, kind->member);
    while (st == NJ_OK && nj_json_object_next(&r->json, &key)) {
        int what = nj_slice_eq(key, NJ_SLICE("name"))            ? NAME
                   : nj_slice_eq(key, nj_slice_of(kind->number)) ? NUMBER
                   : nj_slice_eq(key, NJ_SLICE("when"))          ? WHEN
                                                                 : 0;
        if (!what || (seen & what))
            return reject(r, r->json.at, kind->repeated);
        seen |= what;
        st = what == NAME     ? text_read(r, &rule->name)
             : what == NUMBER ? kind->read(r, (double *)((char *)rule + kind->number_at))
                              : when_read(r, rule);
    }
    if (st < 0)
        return st;
    if (r->json.error)
        return reject_json(r, kind->member);
    if ((seen & (NAME | NUMBER)) != (NAME | NUMBER))
        return reject(r, at, kind->missing);
    return source_name(r, kind->prefix, rule);
}

static enum nj_status
list_read(struct reader *r, const struct kind *kind, struct nj_sampling_rule **out,
          size_t *out_len)
{
    enum nj_status st;

    if (*out)
        return reject(r, r->json.at, "rules and strata may be given once each");
    *out = NJ_NEW(r->arena, struct nj_sampling_rule, NJ_SAMPLING_RULES_MAX);
    if (!*out)
        return nj_fail(r->err, NJ_ENOMEM, "no memory for a sampling policy");
    if (nj_json_peek(&r->json) != NJ_JSON_ARRAY || !nj_json_array(&r->json))
        return reject_json(r, "expected a list");
    while (nj_json_array_next(&r->json)) {
        if (*out_len == NJ_SAMPLING_RULES_MAX)
            return reject(r, r->json.at, "too many rules or strata");
        if ((st = rule_read(r, kind, &(*out)[*out_len])) < 0)
            return st;
        ++*out_len;
    }
    if (r->json.error)
        return reject_json(r, kind->member);
    return *out_len ? NJ_OK : reject(r, r->json.at, "expected at least one rule or stratum");
}

static enum nj_status
policy_read(struct reader *r, struct nj_sampling_policy *out)
{
    const char *wanted = "expected {\"rules\": [ … ], \"strata\": [ … ]}, or one of them";
    enum nj_status st = NJ_OK;
    struct nj_slice key;

    if (nj_json_peek(&r->json) != NJ_JSON_OBJECT || !nj_json_object(&r->json))
        return reject_json(r, wanted);
    while (st == NJ_OK && nj_json_object_next(&r->json, &key)) {
        bool is_strata = nj_slice_eq(key, nj_slice_of(kinds[1].list));
        if (!is_strata && !nj_slice_eq(key, nj_slice_of(kinds[0].list)))
            return reject(r, r->json.at, wanted);
        st = is_strata ? list_read(r, &kinds[1], &out->strata, &out->strata_len)
                       : list_read(r, &kinds[0], &out->rules, &out->rules_len);
    }
    if (st < 0)
        return st;
    if (r->json.error || !nj_json_at_end(&r->json))
        return reject_json(r, "expected nothing after the policy");
    return out->rules_len + out->strata_len ? NJ_OK : reject(r, r->json.begin, wanted);
}

enum nj_status
nj_sampling_policy_read(struct nj_sampling_policy *out, const char *path,
                        struct nj_names *names, struct nj_arena *arena, struct nj_error *err)
{
    struct reader r = {.path = path, .names = names, .arena = arena, .err = err};
    struct nj_stream *stream;
    enum nj_status st = nj_stream_open(&stream, path, err);

    *out = (struct nj_sampling_policy){0};
    if (st < 0)
        return st;
    st = nj_stream_want(stream, NJ_SAMPLING_POLICY_BYTES_MAX + 1, err);
    struct nj_slice text = nj_stream_window(stream);
    if (st == NJ_OK && text.len > NJ_SAMPLING_POLICY_BYTES_MAX)
        st = nj_fail(err, NJ_EUSAGE, "%s: a sampling policy of over %d bytes", path,
                     (int)NJ_SAMPLING_POLICY_BYTES_MAX);
    if (st == NJ_OK) {
        nj_json_init(&r.json, text, true, arena);
        st = policy_read(&r, out);
    }
    nj_stream_close(stream);
    return st;
}

static bool
any_matches(const struct nj_trace *trace, const uint32_t *names, struct nj_slice pattern)
{
    uint32_t last = UINT32_MAX;

    if (pattern.len == 0)
        return true;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (names[i] == last || names[i] == NJ_NO_NAME)
            continue;
        last = names[i];
        if (nj_glob_match(pattern, nj_names_get(trace->corpus->names, last)))
            return true;
    }
    return false;
}

/* What rules ask of a trace, found once. */
struct facts {
    bool has_error;
    int64_t duration_ns;
    int64_t spans;
};

static struct facts
facts_of(const struct nj_trace *trace)
{
    struct facts facts = {0};
    int64_t start = INT64_MAX, end = INT64_MIN;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (trace->flags[i] & NJ_SPAN_RECONSTRUCTED)
            continue;
        facts.spans++;
        facts.has_error |= trace->status[i] == NJ_STATUS_ERROR;
        start = trace->raw_start_ns[i] < start ? trace->raw_start_ns[i] : start;
        end = trace->raw_end_ns[i] > end ? trace->raw_end_ns[i] : end;
    }
    facts.duration_ns = facts.spans ? end - start : 0;
    return facts;
}

static bool
rule_matches(const struct nj_sampling_rule *rule, const struct facts *facts,
             const struct nj_trace *trace)
{
    struct nj_slice root = nj_names_get(trace->corpus->names, trace->operation[trace->root]);

    return !(rule->wants_error && !facts->has_error) &&
           !(rule->wants_no_error && facts->has_error) &&
           !(rule->duration_over_ns >= 0 && facts->duration_ns <= rule->duration_over_ns) &&
           !(rule->spans_over >= 0 && facts->spans <= rule->spans_over) &&
           !(rule->root.len && !nj_glob_match(rule->root, root)) &&
           any_matches(trace, trace->agent, rule->agent) &&
           any_matches(trace, trace->service, rule->service) &&
           any_matches(trace, trace->operation, rule->operation) &&
           any_matches(trace, trace->tool, rule->tool);
}

/* Whether a span of the trace has the attribute of the rule. */
static enum nj_status
attribute_matches(const struct nj_sampling_rule *rule, struct nj_run *run,
                  const struct nj_trace *trace, bool *out)
{
    struct nj_span span;

    *out = rule->key.len == 0;
    for (uint32_t i = 0; i < trace->spans_len && !*out; i++) {
        if (!trace->row[i])
            continue;
        enum nj_status st =
            trace->corpus->payload(run->source, trace->row[i], run->scratch, &span, run->err);
        if (st < 0)
            return st;
        *out = nj_attrs_have(&span.attrs, rule->key, rule->value);
    }
    return NJ_OK;
}

enum nj_status
nj_sampling_policy_match(const struct nj_sampling_rule **out,
                         const struct nj_sampling_policy *policy, struct nj_run *run,
                         const struct nj_trace *trace)
{
    struct facts facts = facts_of(trace);

    *out = NULL;
    for (size_t i = 0; i < policy->rules_len; i++) {
        const struct nj_sampling_rule *rule = &policy->rules[i];
        bool has_attribute;
        if ((*out && rule->rate <= (*out)->rate) || !rule_matches(rule, &facts, trace))
            continue;
        enum nj_status st = attribute_matches(rule, run, trace, &has_attribute);
        if (st < 0)
            return st;
        if (has_attribute)
            *out = rule;
    }
    return NJ_OK;
}

enum nj_status
nj_sampling_policy_stratum(const struct nj_sampling_rule **out,
                           const struct nj_sampling_policy *policy, struct nj_run *run,
                           const struct nj_trace *trace)
{
    struct facts facts = facts_of(trace);

    *out = NULL;
    for (size_t i = 0; i < policy->strata_len && !*out; i++) {
        bool has_attribute;
        if (!rule_matches(&policy->strata[i], &facts, trace))
            continue;
        enum nj_status st = attribute_matches(&policy->strata[i], run, trace, &has_attribute);
        if (st < 0)
            return st;
        if (has_attribute)
            *out = &policy->strata[i];
    }
    return NJ_OK;
}
