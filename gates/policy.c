/* policy.c - reads a policy by tables of keys, strictly. */
#include "gates/policy.h"

#include "base/clock.h"
#include "base/glob.h"
#include "base/hash.h"
#include "base/stream.h"
#include "gates/amount.h"
#include "gates/yaml.h"

#include <stdio.h>
#include <stdlib.h>

extern const unsigned char nj_default_policy[];
extern const size_t nj_default_policy_len;

struct nj_slice
nj_policy_default(void)
{
    return (struct nj_slice){(const char *)nj_default_policy, nj_default_policy_len};
}

bool
nj_globs_match(const struct nj_globs *globs, struct nj_slice text)
{
    for (size_t i = 0; i < globs->len; i++)
        if (nj_glob_match(globs->list[i], text))
            return true;
    return globs->len == 0;
}

size_t
nj_policy_slow_limits(const struct nj_policy *policy, double *out_ns, size_t max)
{
    size_t len = 0;

    for (size_t g = 0; g < policy->gates_len; g++) {
        for (size_t k = 0; k < policy->gates[g].rules_len; k++) {
            double over = policy->gates[g].rules[k].over_ns;
            size_t at = len;
            while (at > 0 && out_ns[at - 1] > over)
                at--;
            if (!(over > 0) || len == max || (at > 0 && !(out_ns[at - 1] < over)))
                continue;
            memmove(out_ns + at + 1, out_ns + at, (len++ - at) * sizeof *out_ns);
            out_ns[at] = over;
        }
    }
    return len;
}

struct reading {
    const char *path;
    struct nj_arena *arena;
    struct nj_error *err;
    struct nj_policy *policy;
};

/* One key of a map and what reads its value. */
struct key {
    const char *name;
    enum nj_status (*read)(struct reading *r, const struct nj_yaml *node, void *field);
    size_t offset; /* of the field, in what the map describes */
};

static enum nj_status
unknown_key(struct reading *r, const struct nj_yaml *node, const struct key *keys, size_t len)
{
    char known[256] = "";
    size_t at = 0;

    for (size_t i = 0; i < len && at < sizeof known - 32; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "",
                               keys[i].name);
    return nj_yaml_fail_key(node, r->path, r->err, "unknown key '%.*s'; known here: %s",
                            NJ_FMT(node->key), known);
}

static enum nj_status
map_read(struct reading *r, const struct nj_yaml *map, const struct key *keys, size_t len,
         void *base)
{
    enum nj_status st = NJ_OK;

    if (map->type != NJ_YAML_MAP)
        return nj_yaml_fail(map, r->path, r->err, "expected a map");
    for (const struct nj_yaml *e = map->first; e && st == NJ_OK; e = e->next) {
        size_t i = 0;
        while (i < len && !nj_slice_eq(e->key, nj_slice_of(keys[i].name)))
            i++;
        st = i < len ? keys[i].read(r, e, (char *)base + keys[i].offset)
                     : unknown_key(r, e, keys, len);
    }
    return st;
}

static enum nj_status
text_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    if (node->type != NJ_YAML_SCALAR || node->scalar.len == 0)
        return nj_yaml_fail(node, r->path, r->err, "expected a text that is not empty");
    *(struct nj_slice *)field = node->scalar;
    return NJ_OK;
}

static enum nj_status
globs_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    struct nj_globs *globs = field;
    const struct nj_yaml *e = node->type == NJ_YAML_LIST ? node->first : node;

    if (!e)
        return nj_yaml_fail(node, r->path, r->err, "expected at least one pattern");
    for (; e; e = node->type == NJ_YAML_LIST ? e->next : NULL) {
        if (globs->len == NJ_GLOBS_MAX)
            return nj_yaml_fail(e, r->path, r->err, "more than %d patterns", NJ_GLOBS_MAX);
        enum nj_status st = text_read(r, e, &globs->list[globs->len++]);
        if (st < 0)
            return st;
    }
    return NJ_OK;
}

static enum nj_status
count_read(struct reading *r, const struct nj_yaml *node, uint64_t max, uint64_t *out)
{
    char *stop;

    if (node->type == NJ_YAML_SCALAR && node->scalar.len && node->scalar.ptr[0] >= '0' &&
        node->scalar.ptr[0] <= '9') {
        unsigned long long v = strtoull(node->scalar.ptr, &stop, 10);
        if (*stop == '\0' && v <= max) {
            *out = v;
            return NJ_OK;
        }
    }
    return nj_yaml_fail(node, r->path, r->err, "expected a whole number up to %llu",
                        (unsigned long long)max);
}

static enum nj_status
nights_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    uint64_t v = 0;
    enum nj_status st = count_read(r, node, 3650, &v);

    if (st == NJ_OK && v == 0)
        st = nj_yaml_fail(node, r->path, r->err, "expected at least one night");
    if (st == NJ_OK)
        *(unsigned *)field = (unsigned)v;
    return st;
}

static enum nj_status
traces_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    return count_read(r, node, 1000000000, field);
}

static enum nj_status
version_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    uint64_t v = 0;
    enum nj_status st = count_read(r, node, 1000, &v);

    (void)field;
    if (st == NJ_OK && v != 1)
        st = nj_yaml_fail(node, r->path, r->err, "version %llu is not known; this is version 1",
                          (unsigned long long)v);
    return st;
}

static enum nj_status
bool_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    bool is_true = node->type == NJ_YAML_SCALAR && nj_slice_eq(node->scalar, NJ_SLICE("true"));

    if (!is_true &&
        !(node->type == NJ_YAML_SCALAR && nj_slice_eq(node->scalar, NJ_SLICE("false"))))
        return nj_yaml_fail(node, r->path, r->err, "expected true or false");
    *(bool *)field = is_true;
    return NJ_OK;
}

static enum nj_status
word_read(struct reading *r, const struct nj_yaml *node, const char *const *words, size_t len,
          const char *expected, int *out)
{
    for (size_t i = 0; i < len && node->type == NJ_YAML_SCALAR; i++) {
        if (nj_slice_eq(node->scalar, nj_slice_of(words[i]))) {
            *out = (int)i;
            return NJ_OK;
        }
    }
    return nj_yaml_fail(node, r->path, r->err, "expected %s", expected);
}

static enum nj_status
level_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const char *const words[] = {"error", "warn", "off"};
    return word_read(r, node, words, NJ_LEN(words), "error, warn or off", field);
}

static enum nj_status
on_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const char *const words[] = {"skip", "report", "fail"};
    return word_read(r, node, words, NJ_LEN(words), "skip, report or fail", field);
}

static enum nj_status
fdr_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    char *stop;
    double v = node->type == NJ_YAML_SCALAR ? strtod(node->scalar.ptr, &stop) : 0;

    if (!(v > 0 && v < 1) || *stop)
        return nj_yaml_fail(node, r->path, r->err, "expected a number between 0 and 1");
    *(double *)field = v;
    return NJ_OK;
}

static enum nj_status
baseline_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const struct key keys[] = {
        {"nights", nights_read, offsetof(struct nj_policy, nights)},
        {"min_nights", nights_read, offsetof(struct nj_policy, min_nights)},
        {"required", bool_read, offsetof(struct nj_policy, is_baseline_required)},
    };
    enum nj_status st = map_read(r, node, keys, NJ_LEN(keys), r->policy);

    (void)field;
    if (st == NJ_OK && r->policy->min_nights > r->policy->nights)
        st = nj_yaml_fail(node, r->path, r->err, "min_nights is more than nights");
    return st;
}

static enum nj_status
defaults_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const struct key keys[] = {
        {"fdr", fdr_read, offsetof(struct nj_policy, fdr)},
        {"min_traces", traces_read, offsetof(struct nj_policy, min_traces)},
        {"on_insufficient", on_read, offsetof(struct nj_policy, on_insufficient)},
        {"on_missing", on_read, offsetof(struct nj_policy, on_missing)},
        {"on_new", on_read, offsetof(struct nj_policy, on_new)},
        {"level", level_read, offsetof(struct nj_policy, level)},
    };
    (void)field;
    return map_read(r, node, keys, NJ_LEN(keys), r->policy);
}

static enum nj_status
match_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const struct key keys[] = {
        {"agent", globs_read, offsetof(struct nj_match, agent)},
        {"kind", globs_read, offsetof(struct nj_match, kind)},
        {"operation", globs_read, offsetof(struct nj_match, operation)},
        {"tool", globs_read, offsetof(struct nj_match, tool)},
        {"model", globs_read, offsetof(struct nj_match, model)},
        {"service", globs_read, offsetof(struct nj_match, service)},
        {"metric", globs_read, offsetof(struct nj_match, metric)},
    };
    return map_read(r, node, keys, NJ_LEN(keys), field);
}

static enum nj_status
over_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    int64_t ns;

    if (node->type != NJ_YAML_SCALAR || !nj_duration_parse(node->scalar, &ns) || ns <= 0)
        return nj_yaml_fail(node, r->path, r->err, "expected a time such as 15s or 800ms");
    *(double *)field = (double)ns;
    return NJ_OK;
}

/* Amounts are read as text first: their unit depends on the metric. */
struct amounts {
    const struct nj_yaml *max_increase, *max_decrease, *max, *min;
    double over_ns;
    enum nj_level level;
};

static enum nj_status
node_keep(struct reading *r, const struct nj_yaml *node, void *field)
{
    if (node->type != NJ_YAML_SCALAR)
        return nj_yaml_fail(node, r->path, r->err, "expected a number with its unit");
    *(const struct nj_yaml **)field = node;
    return NJ_OK;
}

static enum nj_status
amount_take(struct reading *r, const struct nj_yaml *node, struct nj_slice metric,
            bool is_change, struct nj_amount *out)
{
    const char *expected;

    if (!node || nj_amount_parse(node->scalar, metric, is_change, out, &expected))
        return NJ_OK;
    return nj_yaml_fail(node, r->path, r->err, "expected %s, not '%.*s'", expected,
                        NJ_FMT(node->scalar));
}

static enum nj_status
rule_read(struct reading *r, const struct nj_yaml *node, struct nj_rule *rule)
{
    static const struct key keys[] = {
        {"max_increase", node_keep, offsetof(struct amounts, max_increase)},
        {"max_decrease", node_keep, offsetof(struct amounts, max_decrease)},
        {"max", node_keep, offsetof(struct amounts, max)},
        {"min", node_keep, offsetof(struct amounts, min)},
        {"over", over_read, offsetof(struct amounts, over_ns)},
        {"level", level_read, offsetof(struct amounts, level)},
    };
    struct amounts a = {.level = r->policy->level};

    *rule = (struct nj_rule){.metric = node->key, .line = node->key_line};
    if (!nj_metric_is_known(node->key))
        return nj_yaml_fail_key(node, r->path, r->err, "unknown metric '%.*s'",
                                NJ_FMT(node->key));
    enum nj_status st = map_read(r, node, keys, NJ_LEN(keys), &a);
    if (st == NJ_OK)
        st = amount_take(r, a.max_increase, node->key, true, &rule->max_increase);
    if (st == NJ_OK)
        st = amount_take(r, a.max_decrease, node->key, true, &rule->max_decrease);
    if (st == NJ_OK)
        st = amount_take(r, a.max, node->key, false, &rule->max);
    if (st == NJ_OK)
        st = amount_take(r, a.min, node->key, false, &rule->min);
    rule->over_ns = a.over_ns;
    rule->level = a.level;
    bool is_slow_share = nj_slice_eq(node->key, NJ_SLICE("slow_share"));
    if (st == NJ_OK && is_slow_share != (a.over_ns > 0))
        st = nj_yaml_fail(node, r->path, r->err,
                          is_slow_share ? "slow_share needs over: TIME"
                                        : "over: is only for slow_share");
    bool is_count_only = nj_slice_eq(node->key, NJ_SLICE("new_chains")) ||
                         nj_slice_eq(node->key, NJ_SLICE("sampling.health"));
    if (st == NJ_OK && is_count_only && (a.max_increase || a.max_decrease || a.min))
        st = nj_yaml_fail(node, r->path, r->err, "%.*s takes max: NUMBER alone",
                          NJ_FMT(node->key));
    if (st == NJ_OK && !a.max_increase && !a.max_decrease && !a.max && !a.min)
        st = nj_yaml_fail(node, r->path, r->err,
                          "expected max_increase, max_decrease, max or min");
    return st;
}

static size_t
entries_count(const struct nj_yaml *node)
{
    size_t n = 0;

    for (const struct nj_yaml *e = node->first; e; e = e->next)
        n++;
    return n;
}

static enum nj_status
metrics_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    struct nj_gate *gate = field;
    enum nj_status st = NJ_OK;

    if (node->type != NJ_YAML_MAP || !node->first)
        return nj_yaml_fail(node, r->path, r->err, "expected metrics and their limits");
    gate->rules = NJ_NEW(r->arena, struct nj_rule, entries_count(node));
    if (!gate->rules)
        return nj_fail(r->err, NJ_ENOMEM, "no memory to read %s", r->path);
    for (const struct nj_yaml *e = node->first; e && st == NJ_OK; e = e->next)
        st = rule_read(r, e, &gate->rules[gate->rules_len++]);
    return st;
}

static enum nj_status
gates_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const struct key keys[] = {
        {"name", text_read, offsetof(struct nj_gate, name)},
        {"match", match_read, offsetof(struct nj_gate, match)},
        {"metrics", metrics_read, 0},
    };
    struct nj_policy *policy = r->policy;
    enum nj_status st = NJ_OK;

    (void)field;
    if (node->type != NJ_YAML_LIST)
        return nj_yaml_fail(node, r->path, r->err, "expected a list of gates");
    policy->gates = NJ_NEW(r->arena, struct nj_gate, entries_count(node) + 1);
    if (!policy->gates)
        return nj_fail(r->err, NJ_ENOMEM, "no memory to read %s", r->path);
    for (const struct nj_yaml *e = node->first; e && st == NJ_OK; e = e->next) {
        struct nj_gate *gate = &policy->gates[policy->gates_len++];
        gate->line = e->line;
        st = map_read(r, e, keys, NJ_LEN(keys), gate);
        if (st == NJ_OK && (!gate->name.len || !gate->rules_len))
            st = nj_yaml_fail(e, r->path, r->err, "a gate needs a name and metrics");
    }
    return st;
}

static enum nj_status
until_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    int64_t day;

    if (node->type != NJ_YAML_SCALAR || node->scalar.len != 10 ||
        !nj_time_parse(node->scalar, &day))
        return nj_yaml_fail(node, r->path, r->err, "expected a day such as 2026-12-01");
    *(int64_t *)field = day + 86400 * (int64_t)1000000000;
    return NJ_OK;
}

static enum nj_status
waivers_read(struct reading *r, const struct nj_yaml *node, void *field)
{
    static const struct key keys[] = {
        {"match", match_read, offsetof(struct nj_waiver, match)},
        {"until", until_read, offsetof(struct nj_waiver, until_ns)},
        {"reason", text_read, offsetof(struct nj_waiver, reason)},
    };
    struct nj_policy *policy = r->policy;
    enum nj_status st = NJ_OK;

    (void)field;
    if (node->type != NJ_YAML_LIST)
        return nj_yaml_fail(node, r->path, r->err, "expected a list of waivers");
    policy->waivers = NJ_NEW(r->arena, struct nj_waiver, entries_count(node) + 1);
    if (!policy->waivers)
        return nj_fail(r->err, NJ_ENOMEM, "no memory to read %s", r->path);
    for (const struct nj_yaml *e = node->first; e && st == NJ_OK; e = e->next) {
        struct nj_waiver *waiver = &policy->waivers[policy->waivers_len++];
        waiver->line = e->line;
        st = map_read(r, e, keys, NJ_LEN(keys), waiver);
        if (st == NJ_OK && (!waiver->until_ns || !waiver->reason.len))
            st = nj_yaml_fail(e, r->path, r->err, "a waiver needs until and reason");
    }
    return st;
}

static enum nj_status
document_read(struct reading *r, const struct nj_yaml *root)
{
    /* defaults come before gates, whose levels they set, wherever they stand in the file */
    static const struct key keys[] = {
        {"version", version_read, 0},   {"baseline", baseline_read, 0},
        {"defaults", defaults_read, 0}, {"gates", gates_read, 0},
        {"waivers", waivers_read, 0},
    };
    bool has_version = false;
    enum nj_status st = NJ_OK;

    if (root->type != NJ_YAML_MAP)
        return nj_yaml_fail(root, r->path, r->err, "expected a map with version and gates");
    for (const struct nj_yaml *e = root->first; e && st == NJ_OK; e = e->next) {
        size_t i = 0;
        while (i < NJ_LEN(keys) && !nj_slice_eq(e->key, nj_slice_of(keys[i].name)))
            i++;
        if (i == NJ_LEN(keys))
            st = unknown_key(r, e, keys, NJ_LEN(keys));
        has_version |= i == 0;
    }
    if (st == NJ_OK && !has_version)
        return nj_yaml_fail(root, r->path, r->err, "expected 'version: 1'");
    for (size_t i = 0; i < NJ_LEN(keys) && st == NJ_OK; i++)
        for (const struct nj_yaml *e = root->first; e && st == NJ_OK; e = e->next)
            if (nj_slice_eq(e->key, nj_slice_of(keys[i].name)))
                st = keys[i].read(r, e, r->policy);
    return st;
}

static void
digest_print(char out[33], struct nj_slice text)
{
    XXH128_hash_t hash = XXH3_128bits(text.ptr, text.len);

    (void)snprintf(out, 33, "%016llx%016llx", (unsigned long long)hash.high64,
                   (unsigned long long)hash.low64);
}

enum nj_status
nj_policy_parse(struct nj_policy *out, struct nj_slice text, const char *path,
                struct nj_arena *arena, struct nj_error *err)
{
    struct reading r = {path, arena, err, out};
    struct nj_yaml *root;

    *out = (struct nj_policy){.path = nj_arena_copy(arena, nj_slice_of(path)),
                              .nights = 30,
                              .min_nights = 5,
                              .fdr = 0.05,
                              .min_traces = 80,
                              .on_insufficient = NJ_ON_SKIP,
                              .on_missing = NJ_ON_FAIL,
                              .on_new = NJ_ON_REPORT,
                              .level = NJ_LEVEL_ERROR};
    digest_print(out->digest, text);
    enum nj_status st = nj_yaml_read(&root, text, path, arena, err);
    return st < 0 ? st : document_read(&r, root);
}

enum nj_status
nj_policy_read(struct nj_policy *out, const char *path, struct nj_arena *arena,
               struct nj_error *err)
{
    struct nj_stream *stream;
    enum nj_status st;

    if (!path)
        return nj_policy_parse(out, nj_policy_default(), "default", arena, err);
    st = nj_stream_open(&stream, path, err);
    if (st == NJ_OK) {
        st = nj_stream_want(stream, NJ_YAML_BYTES_MAX + 1, err);
        if (st == NJ_OK)
            st = nj_policy_parse(out, nj_stream_window(stream), path, arena, err);
        nj_stream_close(stream);
    }
    return st < 0 ? nj_fail(err, NJ_EUSAGE, "the policy %s cannot be used", path) : NJ_OK;
}
