/* gates_sim.c - how often gates are red when nothing changed, and how often they find what did:
 * made-up fleets over many nights, judged by the real gates.
 *
 * nj_gates_sim [--seed S] [--runs N] [--from ROW] [--to ROW] prints a Markdown table
 * (NJ_SIM_LIST in the environment: and every red check on standard error). A fleet is 20 agents
 * with four checks each (p50, p95, mean tokens, error rate). A call takes a lognormal time
 * (median 2 s, sigma 0.6); 8 % are tried again, at most three times, after 1, 2 and 4 s (+-20
 * %); 1 % of the traces wait 30 s more. Nights differ by a factor for the whole fleet and one
 * for each agent.
 */
#include "base/estimate.h"
#include "base/quantile.h"
#include "gates/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGENTS = 20, DAY_S = 86400 };
#define DAY_NS (INT64_C(1000000000) * DAY_S)

struct random {
    uint64_t state;
};

static double
uniform(struct random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double
normal(struct random *r)
{
    return sqrt(-2 * log(uniform(r))) * cos(6.283185307179586 * uniform(r));
}

static double
latency_s(struct random *r)
{
    double t = 2 * exp(0.6 * normal(r));

    for (int i = 0; i < 3 && uniform(r) < 0.08; i++)
        t += (double)(1 << i) * (0.8 + 0.4 * uniform(r)) + 2 * exp(0.6 * normal(r));
    return uniform(r) < 0.01 ? t + 30 : t;
}

/* What is done to one agent. */
struct effect {
    double step;          /* its latency from the first night after the baseline on, a factor */
    double creep;         /* and by so much more each night */
    double tail;          /* only what is over 4 s, a factor */
    bool is_tail_sampled; /* everything over 8 s and a fifth of the rest, from then on */
};

struct scene {
    const char *text;
    int agents, traces, baseline, nights; /* nights after the baseline */
    double fleet_sd, agent_sd;
    struct effect effect;
    int runs;
    bool is_pair; /* two checks an agent: p50 and p95 */
};

struct sim {
    const struct scene *scene;
    struct random random;
    struct nj_arena *arena; /* of one group */
    struct nj_policy policy;
    struct nj_keyed *items;
    struct nj_carrier *carriers;
    struct nj_term *terms, *errors;
};

static void
must(bool ok)
{
    if (!ok) {
        (void)fprintf(stderr, "nj_gates_sim: out of memory\n");
        exit(1);
    }
}

static size_t
row_put(struct nj_results *results, const char *metric, const char *agent, double n)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);
    size_t row = nj_table_add(t);

    nj_table_put_text(t, row, NJ_COL_metrics_metric, nj_slice_of(metric));
    nj_table_put_text(t, row, NJ_COL_metrics_group_by, NJ_SLICE("agent"));
    nj_table_put_text(t, row, NJ_COL_metrics_agent, nj_slice_of(agent));
    nj_table_put_int(t, row, NJ_COL_metrics_n, (int64_t)n);
    nj_table_put_int(t, row, NJ_COL_metrics_traces, (int64_t)n);
    return row;
}

static void
estimate_put(struct nj_results *results, size_t row, struct nj_estimate e, double se,
             double n_eff)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_metrics);

    nj_table_put_real(t, row, NJ_COL_metrics_est, e.est);
    nj_table_put_real(t, row, NJ_COL_metrics_lo, e.lo);
    nj_table_put_real(t, row, NJ_COL_metrics_hi, e.hi);
    nj_table_put_real(t, row, NJ_COL_metrics_se, se);
    nj_table_put_real(t, row, NJ_COL_metrics_n_eff, n_eff);
}

static double
value_at(const struct nj_sample *s, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : (double)nj_key_int(s->key[rank]);
}

static void
points_put(struct nj_results *results, const char *agent, const struct nj_sample *s)
{
    struct nj_table *t = nj_results_table(results, NJ_TABLE_distributions);
    size_t row = nj_table_add(t);
    struct nj_buf points = {0};

    for (size_t i = 0; i < s->len; i++) {
        const struct nj_carrier *c = &s->carriers[s->item[i].carrier];
        uint64_t bits;
        memcpy(&bits, &c->weight, sizeof bits);
        nj_buf_put_u64le(&points, (uint64_t)nj_key_int(s->key[i]));
        nj_buf_put_u64le(&points, bits);
        nj_buf_put_u64le(&points, c->cluster);
    }
    nj_table_put_text(t, row, NJ_COL_distributions_agent, nj_slice_of(agent));
    nj_table_put_int(t, row, NJ_COL_distributions_n, (int64_t)s->len);
    nj_table_put_int(t, row, NJ_COL_distributions_is_grid, 0);
    nj_table_put_text(t, row, NJ_COL_distributions_points, nj_buf_slice(&points));
    nj_buf_fini(&points);
}

static void
quantiles_put(struct sim *sim, struct nj_results *results, const char *agent, size_t len)
{
    struct nj_quantile q[] = {{.p = 0.5}, {.p = 0.95}};
    static const char *const names[] = {"p50", "p95"};
    struct nj_error err = {0};
    struct nj_sample s;

    must(nj_sample_build(&s, sim->items, len, sim->carriers, sim->arena, &err) == NJ_OK);
    must(nj_sample_quantiles(&s, NJ_SPREAD_PROCESS, q, 2, sim->arena, &err) == NJ_OK);
    for (size_t i = 0; i < 2; i++) {
        struct nj_estimate e = {value_at(&s, q[i].at), value_at(&s, q[i].lo),
                                value_at(&s, q[i].hi), 0};
        double se = (log(value_at(&s, q[i].se_hi)) - log(value_at(&s, q[i].se_lo))) / 2;
        size_t row = row_put(results, names[i], agent, (double)len);
        estimate_put(results, row, e, se, q[i].n_eff);
    }
    if (sim->scene->baseline < 5)
        points_put(results, agent, &s);
}

/* One agent in one night; `since` counts nights after the baseline from 0, under 0: before. */
static void
agent_put(struct sim *sim, struct nj_results *results, int agent, int since, double factor)
{
    const struct scene *scene = sim->scene;
    const struct effect *e = &scene->effect;
    bool is_changed = since >= 0 && agent == 0, is_sampled = since >= 0 && e->is_tail_sampled;
    struct random *r = &sim->random;
    double n_eff, events = 0;
    size_t len = 0;
    char name[24];

    (void)snprintf(name, sizeof name, "agent-%02d", agent);
    if (is_changed)
        factor *= (e->step > 0 ? e->step : 1) * exp(log1p(e->creep) * (since + 1));
    for (int i = 0; i < scene->traces; i++) {
        double t = latency_s(r) * factor, weight = 1, tokens = exp(7 + 0.5 * normal(r));
        bool is_error = uniform(r) < 0.03;
        if (is_changed && e->tail > 0 && t > 4)
            t *= e->tail;
        if (is_sampled && t <= 8) {
            if (uniform(r) >= 0.2)
                continue;
            weight = 5;
        }
        struct nj_carrier c = nj_carrier_of(len + 1, weight, true);
        sim->carriers[len] = c;
        sim->items[len] =
            (struct nj_keyed){nj_key_of_int((int64_t)(t * 1e9)), (uint32_t)len, 0};
        sim->terms[len] = (struct nj_term){c, 1, tokens};
        sim->errors[len] = (struct nj_term){c, 1, is_error};
        events += is_error;
        len++;
    }
    nj_arena_reset(sim->arena);
    quantiles_put(sim, results, name, len);
    nj_terms_sort(sim->terms, len);
    nj_terms_sort(sim->errors, len);
    struct nj_data tokens = nj_data_of_terms(sim->terms, len);
    struct nj_data errors = nj_data_of_terms(sim->errors, len);
    struct nj_estimate mean = nj_data_ratio(tokens, NJ_SPREAD_PROCESS);
    size_t row = row_put(results, "tokens_mean", name, (double)len);
    estimate_put(results, row, mean, mean.se / mean.est, nj_data_design(tokens).kish);
    struct nj_estimate share = nj_data_share(errors, NJ_SPREAD_PROCESS, &n_eff);
    row = row_put(results, "error_rate", name, (double)len);
    estimate_put(results, row, share, share.se, n_eff);
    nj_table_put_real(nj_results_table(results, NJ_TABLE_metrics), row, NJ_COL_metrics_events,
                      events);
}

static struct nj_results *
night_make(struct sim *sim, int since)
{
    const struct scene *scene = sim->scene;
    struct nj_results *results = nj_results_new();
    struct nj_table *summary;
    double fleet = scene->fleet_sd * normal(&sim->random);

    must(results != NULL);
    for (int a = 0; a < scene->agents; a++)
        agent_put(sim, results, a, since, exp(fleet + scene->agent_sd * normal(&sim->random)));
    summary = nj_results_table(results, NJ_TABLE_summary);
    size_t row = nj_table_add(summary);
    nj_table_put_int(summary, row, NJ_COL_summary_start_ns,
                     DAY_NS * (20000 + since + scene->baseline));
    nj_table_put_int(summary, row, NJ_COL_summary_traces, scene->traces);
    return results;
}

/* What became of one history. */
struct tally {
    int runs, nights, red;
    int first;               /* red in the first night, because of the changed agent */
    int by_seventh, by_last; /* red by then, because of it */
    int dated, dated_well;   /* a date was given; it is within two nights */
    int others;              /* checks of other agents, red */
};

static bool
is_of(const struct nj_table *t, size_t r, const char *agent)
{
    return nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_agent), nj_slice_of(agent));
}

static int64_t
day_of(struct nj_slice date)
{
    char text[16] = "";
    int y = 0, m = 0, d = 0;

    memcpy(text, date.ptr, date.len < 15 ? date.len : 15);
    y = (int)strtol(text, NULL, 10);
    m = (int)strtol(text + 5, NULL, 10);
    d = (int)strtol(text + 8, NULL, 10);
    y -= m <= 2; /* days since 1970 by the civil calendar (Hinnant 2013) */
    int64_t era = y / 400, yoe = y - era * 400,
            doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* Whether the changed agent is red; counts dates and others. */
static bool
checks_count(const struct scene *scene, const struct nj_results *results, struct tally *tally)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_checks);
    bool is_found = false;

    for (size_t r = 0; r < nj_table_len(t); r++) {
        if (!nj_table_int(t, r, NJ_COL_checks_is_red))
            continue;
        if (getenv("NJ_SIM_LIST")) {
            struct nj_slice name = nj_table_text(t, r, NJ_COL_checks_name);
            struct nj_slice why = nj_table_text(t, r, NJ_COL_checks_why);
            (void)fprintf(stderr, "%s: %.*s: %.*s\n", scene->text, NJ_FMT(name), NJ_FMT(why));
        }
        if (!is_of(t, r, "agent-00")) {
            tally->others++;
            continue;
        }
        is_found = true;
        struct nj_slice since = nj_table_text(t, r, NJ_COL_checks_since);
        if (since.len == 0)
            continue;
        int64_t off = day_of(since) - (20000 + scene->baseline);
        tally->dated++;
        tally->dated_well += off >= -2 && off <= 2;
    }
    return is_found;
}

static void
history_run(struct sim *sim, struct tally *tally)
{
    const struct scene *scene = sim->scene;
    struct nj_baseline *baseline = nj_baseline_new();
    struct nj_error err = {0};
    int found = -1;

    must(baseline != NULL);
    for (int since = -scene->baseline; since < scene->nights; since++) {
        struct nj_results *results = night_make(sim, since);
        struct nj_night night;
        if (since >= 0) {
            const struct nj_judge_options options = {.baseline = baseline};
            int code;
            must(nj_judge(results, &sim->policy, &options, &code, &err) == NJ_OK);
            tally->nights++;
            tally->red += code == 1;
            if (checks_count(scene, results, tally) && found < 0)
                found = since;
        }
        must(nj_night_make(&night, baseline, results, &err) == NJ_OK);
        night.state = since < 0 ? NJ_NIGHT_ACCEPTED : NJ_NIGHT_SEEN;
        must(nj_baseline_add(baseline, &night, &err) == NJ_OK);
        nj_results_free(results);
    }
    tally->runs++;
    tally->first += found == 0;
    tally->by_seventh += found >= 0 && found < 7;
    tally->by_last += found >= 0;
    nj_baseline_free(baseline);
}

static const char fleet_policy[] = "version: 1\n"
                                   "baseline: {nights: 30, min_nights: 1}\n"
                                   "defaults: {min_traces: 40}\n"
                                   "gates:\n"
                                   "  - name: all\n"
                                   "    match: {agent: '*'}\n"
                                   "    metrics:\n"
                                   "      p50: {max_increase: 5%}\n"
                                   "      p95: {max_increase: 5%}\n"
                                   "      tokens_mean: {max_increase: 5%}\n"
                                   "      error_rate: {max_increase: 1pp}\n";
static const char pair_policy[] =
    "version: 1\n"
    "baseline: {nights: 30, min_nights: 1}\n"
    "defaults: {min_traces: 40}\n"
    "gates: [{name: two, match: {agent: '*'}, metrics: {p50: {max_increase: 5%}, "
    "p95: {max_increase: 5%}}}]\n";
static const char single_policy[] =
    "version: 1\n"
    "baseline: {nights: 30, min_nights: 1}\n"
    "defaults: {min_traces: 40}\n"
    "gates: [{name: one, match: {agent: '*'}, metrics: {p95: {max_increase: 5%}}}]\n";

static struct tally
scene_run(const struct scene *scene, uint64_t seed)
{
    size_t room = (size_t)scene->traces + 1;
    struct nj_arena *texts = nj_arena_new(1 << 14);
    struct nj_error err = {0};
    struct sim sim = {.scene = scene,
                      .random = {seed},
                      .arena = nj_arena_new(1 << 20),
                      .items = calloc(room, sizeof(struct nj_keyed)),
                      .carriers = calloc(room, sizeof(struct nj_carrier)),
                      .terms = calloc(room, sizeof(struct nj_term)),
                      .errors = calloc(room, sizeof(struct nj_term))};
    struct tally tally = {0};

    must(texts && sim.arena && sim.items && sim.carriers && sim.terms && sim.errors);
    const char *policy = scene->agents == 1 ? single_policy
                         : scene->is_pair   ? pair_policy
                                            : fleet_policy;
    if (nj_policy_parse(&sim.policy, nj_slice_of(policy), "sim", texts, &err) < 0) {
        (void)fprintf(stderr, "nj_gates_sim: %s\n", err.causes[0]);
        exit(1);
    }
    for (int i = 0; i < scene->runs; i++)
        history_run(&sim, &tally);
    free(sim.items);
    free(sim.carriers);
    free(sim.terms);
    free(sim.errors);
    nj_arena_free(sim.arena);
    nj_arena_free(texts);
    return tally;
}

enum goal { QUIET, FIRST, SEVENTH, LAST };

static double
percent(int part, int whole)
{
    return whole ? 100.0 * part / whole : 0;
}

static bool
scene_report(const struct scene *scene, enum goal goal, double bound, uint64_t seed)
{
    static const char *const words[] = {"nights red", "found in the first night",
                                        "found by the 7th night", "found by the last night"};
    struct tally t = scene_run(scene, seed);
    double got = goal == QUIET     ? percent(t.red, t.nights)
                 : goal == FIRST   ? percent(t.first, t.runs)
                 : goal == SEVENTH ? percent(t.by_seventh, t.runs)
                                   : percent(t.by_last, t.runs);
    bool is_met = bound < 0 || (goal == QUIET ? got <= bound : got >= bound);
    char dates[48] = "", limit[24] = "", others[32] = "";

    if (t.dated > 0 && !(scene->effect.creep > 0)) /* what creeps has no night of its own */
        (void)snprintf(dates, sizeof dates, "%.1f %%", percent(t.dated_well, t.dated));
    if (bound >= 0)
        (void)snprintf(limit, sizeof limit, "%s %g %%", goal == QUIET ? "<=" : ">=", bound);
    if (goal != QUIET)
        (void)snprintf(others, sizeof others, "%.2f", (double)t.others / t.nights);
    (void)printf(
        "| %s | %d | %d | %d | %.0f %%, %.0f %% | %d | %s | %.1f %% | %s | %s | %s | %s |\n",
        scene->text, scene->agents == 1 ? 1 : scene->agents * (scene->is_pair ? 2 : 4),
        scene->traces, scene->baseline, scene->fleet_sd * 100, scene->agent_sd * 100, t.nights,
        words[goal], got, limit,
        bound < 0 ? ""
        : is_met  ? "yes"
                  : "NO",
        dates, others);
    (void)fflush(stdout);
    return is_met;
}

#define QUIET_ROWS(traces)                                                                     \
    {{"nothing changed", AGENTS, traces, 14, 20, 0, 0, {.step = 1}, .runs = 2}, QUIET, 2},     \
        {{"nothing changed", AGENTS, traces, 14, 20, .03, .02, {.step = 1}, .runs = 2},        \
         QUIET,                                                                                \
         2},                                                                                   \
    {                                                                                          \
        {"nothing changed", AGENTS, traces, 14, 20, .08, .03, {.step = 1}, .runs = 2}, QUIET,  \
            2                                                                                  \
    }

/* `runs` is a factor here. */
static const struct {
    struct scene scene;
    enum goal goal;
    double bound; /* below 0: for information */
} rows[] = {
    /* clang-format off */
    QUIET_ROWS(50), QUIET_ROWS(200), QUIET_ROWS(1000), QUIET_ROWS(5000),
    {{"one agent +20 %", AGENTS, 1000, 14, 1, 0, 0, {.step = 1.2}, .runs = 10, .is_pair = true}, FIRST, 95},
    {{"one agent +20 %", AGENTS, 1000, 14, 1, .03, .02, {.step = 1.2}, .runs = 10, .is_pair = true}, FIRST, 75},
    {{"one agent +20 %", AGENTS, 5000, 14, 1, .03, .02, {.step = 1.2}, .runs = 5, .is_pair = true}, FIRST, 95},
    {{"one agent +20 %", AGENTS, 1000, 14, 1, 0, 0, {.step = 1.2}, .runs = 10}, FIRST, -1},
    {{"one agent +20 %", AGENTS, 1000, 14, 1, .03, .02, {.step = 1.2}, .runs = 10}, FIRST, -1},
    {{"tail of one agent +50 %, one check", 1, 1000, 1, 1, 0, 0, {.tail = 1.5}, .runs = 40}, FIRST, 99},
    {{"nothing changed, one check", 1, 1000, 1, 1, 0, 0, {.step = 1}, .runs = 40}, QUIET, -1},
    {{"nothing changed", AGENTS, 1000, 1, 1, 0, 0, {.step = 1}, .runs = 8}, QUIET, -1},
    {{"one agent +20 %, stays", AGENTS, 1000, 30, 7, 0, 0, {.step = 1.2}, .runs = 4}, SEVENTH, 99},
    {{"one agent +20 %, stays", AGENTS, 1000, 30, 7, .03, .02, {.step = 1.2}, .runs = 4}, SEVENTH, 99},
    {{"one agent +0.5 % a night", AGENTS, 1000, 30, 40, 0, 0, {.creep = .005}, .runs = 2}, LAST, 99},
    {{"one agent +0.5 % a night", AGENTS, 1000, 30, 40, .03, .02, {.creep = .005}, .runs = 2}, LAST, 99},
    {{"tail sampling from now on", AGENTS, 1000, 14, 10, 0, 0, {.is_tail_sampled = true}, .runs = 2}, QUIET, 2},
    {{"tail sampling from now on", AGENTS, 5000, 14, 5, 0, 0, {.is_tail_sampled = true}, .runs = 2}, QUIET, 2},
    {{"tail sampling from now on", AGENTS, 1000, 1, 1, 0, 0, {.is_tail_sampled = true}, .runs = 8}, QUIET, 2},
    {{"tail sampling from now on", AGENTS, 5000, 1, 1, 0, 0, {.is_tail_sampled = true}, .runs = 4}, QUIET, 2},
    /* clang-format on */
};

int
main(int argc, char **argv)
{
    uint64_t seed = 1;
    size_t first = 0, last = SIZE_MAX;
    int runs = 15;
    bool ok = true;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--runs") == 0)
            runs = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--from") == 0)
            first = (size_t)strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--to") == 0)
            last = (size_t)strtoull(argv[i + 1], NULL, 10);
    }
    (void)printf("| what | checks | traces | accepted nights | spread of fleet, agents | "
                 "nights | measured "
                 "| result | goal | met | dated within 2 nights | other red checks a night |\n"
                 "|---|---:|---:|---:|---:|---:|---|---:|---:|---|---:|---:|\n");
    for (size_t i = first; i < NJ_LEN(rows) && i < last; i++) {
        struct scene scene = rows[i].scene;
        scene.runs *= runs;
        ok &= scene_report(&scene, rows[i].goal, rows[i].bound, seed * 1000 + i);
    }
    return ok ? 0 : 1;
}
