/* coverage.c - how often intervals hold what they claim, over many samples of known truth.
 *
 * usage: nj_coverage [--replicates N] [--seed S] [--sizes 1-3] [--worst] [--rates] [--design
 * NAME]
 *
 * A population of traces is made (durations lognormal with an effect of the trace, errors that
 * grow likelier with it, an agent with several spans a trace), sampled by five designs, and
 * estimated by the code that reports use. `strata` keeps what `mixed` keeps, but what is known
 * is not the rates, but how many traces there were of each kind. Printed for each design, size,
 * agent and metric: how often the 95 % interval held the number of that population (finite) and
 * of the system behind it (process), how often it lay above or below, how often it had no upper
 * limit, and how far the estimates lie off on average, with the standard error of that. --rates
 * leaves quantiles out, so that many more samples can be drawn. --worst prints a line a metric
 * and size: the worst design.
 */
#include "base/quantile.h"
#include "bench/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DESIGNS = 5,
    STRATA_DESIGN = 4,
    PARTS = 4,
    SIZES = 3,
    SUBJECTS = 2,
    METRICS = 6,
    SPREADS = 2,
    CALLS_MAX = 8
};
enum { PROCESS_TRACES = 2000000 };

static const char *const design_names[DESIGNS] = {"head", "error tail", "slow tail", "mixed",
                                                  "strata"};
static const char *const subject_names[SUBJECTS] = {"whole traces", "one agent"};
static const char *const metric_names[METRICS] = {"mean", "error rate", "p50",
                                                  "p90",  "p95",        "p99"};
static const char *const spread_names[SPREADS] = {"finite", "process"};
static const double ps[] = {0.5, 0.9, 0.95, 0.99};
static const unsigned n_effs[SIZES] = {50, 200, 1000};
/* Traces that happened for one effective trace stored. */
static const double happened_of[DESIGNS] = {20, 19.6, 19.4, 36.7, 36.7};

/* A trace: its own duration, and the calls of one agent in it. */
struct made {
    double value[SUBJECTS][CALLS_MAX];
    unsigned len[SUBJECTS];
    bool is_error[SUBJECTS]; /* of the first call */
    bool is_coding, is_kept;
};

/* Rows of one subject in a sample or a population. */
struct rows {
    struct nj_term *values, *errors;
    struct nj_keyed *items;
    struct nj_carrier *carriers;
    size_t terms_len, items_len;
};

/* What happened to the intervals of one number. */
struct score {
    unsigned long tried, held, above, below, unlimited, none;
    double error, square, truth; /* sums of estimate - truth, of its square, of the truth */
};

struct simulation {
    uint64_t seed;
    double slow_over;                  /* 97th percentile of durations */
    double process[SUBJECTS][METRICS]; /* truth of the system */
    struct score scores[DESIGNS][SIZES][SUBJECTS][METRICS][SPREADS];
    double kish[DESIGNS][SIZES], stored[DESIGNS][SIZES];
    struct made *traces;
    struct rows rows[SUBJECTS];
    struct nj_arena *arena;
    bool has_quantiles;
    const char *only; /* this design alone; NULL: all */
};

static double
uniform(uint64_t *seed)
{
    return ((double)(random_next(seed) >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller (1958). */
static double
normal(uint64_t *seed)
{
    double r = sqrt(-2 * log(uniform(seed)));
    return r * cos(6.283185307179586 * uniform(seed));
}

static void
trace_draw(struct made *out, uint64_t *seed)
{
    double effect = 0.5 * normal(seed), own = 0.6 * normal(seed);
    double odds = exp(-4.35 + 1.5 * (effect + own));

    *out = (struct made){.is_coding = uniform(seed) < 0.25};
    out->len[0] = 1;
    out->value[0][0] = floor(1e9 * exp(1 + effect + own));
    out->is_error[0] = uniform(seed) < odds / (1 + odds);
    out->len[1] = 1 + (unsigned)random_below(seed, out->is_coding ? CALLS_MAX : 2);
    for (unsigned i = 0; i < out->len[1]; i++)
        out->value[1][i] = floor(1e9 * exp(effect + 0.5 * normal(seed)));
    out->is_error[1] = out->is_error[0] && uniform(seed) < 0.7;
}

/* The probability that a design keeps a trace. */
static double
rate_of(const struct simulation *s, unsigned design, const struct made *trace)
{
    bool is_error = trace->is_error[0], is_slow = trace->value[0][0] > s->slow_over;

    switch (design) {
    case 0:
        return 0.05;
    case 1:
        return is_error ? 1 : 0.05;
    case 2:
        return is_slow ? 1 : 0.05;
    default:
        return is_error || is_slow ? 1 : trace->is_coding ? 0.25 : 0.02;
    }
}

/* Its kind: of one kind all traces are kept at the same rate by `mixed`. */
static uint32_t
part_of(const struct simulation *s, const struct made *trace)
{
    if (trace->is_error[0])
        return 0;
    if (trace->value[0][0] > s->slow_over)
        return 1;
    return trace->is_coding ? 2 : 3;
}

static void
rows_clear(struct simulation *s)
{
    for (unsigned i = 0; i < SUBJECTS; i++)
        s->rows[i].terms_len = s->rows[i].items_len = 0;
}

static void
trace_add(struct simulation *s, const struct made *trace, struct nj_carrier carrier)
{
    for (unsigned i = 0; i < SUBJECTS; i++) {
        struct rows *rows = &s->rows[i];
        double sum = 0;
        if (trace->len[i] == 0)
            continue;
        for (unsigned k = 0; k < trace->len[i]; k++) {
            rows->items[rows->items_len++] = (struct nj_keyed){
                nj_key_of_int((int64_t)trace->value[i][k]), (uint32_t)rows->terms_len, 0};
            sum += trace->value[i][k];
        }
        rows->carriers[rows->terms_len] = carrier;
        rows->values[rows->terms_len] = (struct nj_term){carrier, trace->len[i], sum};
        rows->errors[rows->terms_len++] =
            (struct nj_term){carrier, trace->len[i], trace->is_error[i]};
    }
}

static double
value_at(const struct nj_sample *sample, size_t rank)
{
    return rank == NJ_NO_RANK ? (double)NAN : nj_sample_value(sample, sample->key[rank]);
}

static void
fail(const char *what)
{
    (void)fprintf(stderr, "nj_coverage: %s\n", what);
    exit(EXIT_FAILURE);
}

/* The sums of each part of known size; terms are of one trace each. */
static struct nj_data
parts_of(const struct nj_term *terms, size_t len, struct nj_arena *arena)
{
    struct nj_stratum *strata = NJ_NEW(arena, struct nj_stratum, PARTS);
    size_t used = 0;

    if (!strata)
        fail("no memory");
    for (size_t i = 0; i < len; i++) {
        struct nj_stratum *s = &strata[terms[i].carrier.known.number - 1];
        s->weight = terms[i].carrier.weight;
        s->rest = terms[i].carrier.rest;
        s->known = terms[i].carrier.known;
        s->units++;
        s->x += terms[i].x;
        s->y += terms[i].y;
        s->xx += terms[i].x * terms[i].x;
        s->xy += terms[i].x * terms[i].y;
        s->yy += terms[i].y * terms[i].y;
    }
    for (size_t i = 0; i < PARTS; i++)
        if (strata[i].units > 0)
            strata[used++] = strata[i];
    return nj_data_of_strata(strata, used);
}

static struct nj_data
data_of(const struct nj_term *terms, size_t len, struct nj_arena *arena)
{
    return len > 0 && terms[0].carrier.known.number > 0 ? parts_of(terms, len, arena)
                                                        : nj_data_of_terms(terms, len);
}

/* All metrics of the rows of a subject. */
static void
estimate(struct simulation *s, unsigned subject, enum nj_spread spread,
         struct nj_estimate out[METRICS])
{
    struct rows *rows = &s->rows[subject];
    struct nj_data values = data_of(rows->values, rows->terms_len, s->arena);
    struct nj_data errors = data_of(rows->errors, rows->terms_len, s->arena);
    struct nj_quantile quantiles[NJ_LEN(ps)];
    struct nj_sample sample;

    out[0] = nj_data_ratio(values, spread);
    out[1] = nj_data_share(errors, spread, NULL);
    for (size_t q = 0; q < NJ_LEN(ps); q++) {
        quantiles[q] = (struct nj_quantile){.p = ps[q]};
        out[2 + q] = (struct nj_estimate){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    }
    if (!s->has_quantiles) {
        nj_arena_reset(s->arena);
        return;
    }
    if (nj_sample_build(&sample, rows->items, rows->items_len, rows->carriers, s->arena, NULL) <
            0 ||
        nj_sample_quantiles(&sample, spread, quantiles, NJ_LEN(ps), s->arena, NULL) < 0)
        fail("no memory");
    out[0] =
        nj_sample_skew_limits(&sample, out[0], spread, nj_data_design(values).kish, s->arena);
    for (size_t q = 0; q < NJ_LEN(ps); q++)
        out[2 + q] = (struct nj_estimate){value_at(&sample, quantiles[q].at),
                                          value_at(&sample, quantiles[q].lo),
                                          value_at(&sample, quantiles[q].hi), (double)NAN};
    nj_arena_reset(s->arena);
}

static void
population_draw(struct simulation *s, unsigned traces)
{
    rows_clear(s);
    for (unsigned i = 0; i < traces; i++) {
        trace_draw(&s->traces[i], &s->seed);
        trace_add(s, &s->traces[i], nj_carrier_of(i, 1, true));
    }
}

static void
truth_find(struct simulation *s, double out[SUBJECTS][METRICS])
{
    struct nj_estimate estimates[METRICS];

    for (unsigned i = 0; i < SUBJECTS; i++) {
        estimate(s, i, NJ_SPREAD_FINITE, estimates);
        for (unsigned m = 0; m < METRICS; m++)
            out[i][m] = estimates[m].est;
    }
}

static void
score_add(struct score *score, const struct nj_estimate *estimate, double truth)
{
    bool is_above = estimate->lo > truth, is_below = estimate->hi < truth;

    score->tried++;
    if (isnan(estimate->est)) {
        score->none++;
        return;
    }
    score->above += is_above;
    score->below += is_below;
    score->held += !is_above && !is_below;
    score->unlimited += isnan(estimate->hi) != 0;
    score->error += estimate->est - truth;
    score->square += (estimate->est - truth) * (estimate->est - truth);
    score->truth += truth;
}

/* Traces that the design keeps, with what is known of them. */
static void
sample_draw(struct simulation *s, unsigned design, unsigned happened)
{
    uint32_t all[PARTS] = {0}, kept[PARTS] = {0};

    rows_clear(s);
    for (unsigned i = 0; i < happened; i++) {
        struct made *trace = &s->traces[i];
        uint32_t part = part_of(s, trace);
        trace->is_kept = uniform(&s->seed) < rate_of(s, design, trace);
        all[part]++;
        kept[part] += trace->is_kept;
    }
    for (unsigned i = 0; i < happened; i++) {
        const struct made *trace = &s->traces[i];
        uint32_t part = part_of(s, trace);
        struct nj_carrier carrier = nj_carrier_of(i, 1 / rate_of(s, design, trace), true);
        if (!trace->is_kept)
            continue;
        if (design == STRATA_DESIGN) {
            carrier = nj_carrier_of(i, (double)all[part] / kept[part], true);
            carrier.known = (struct nj_known){part + 1, kept[part]};
        }
        trace_add(s, trace, carrier);
    }
}

static void
replicate(struct simulation *s, unsigned design, unsigned size)
{
    double truth[SPREADS][SUBJECTS][METRICS];

    unsigned happened = (unsigned)(n_effs[size] * happened_of[design]);

    population_draw(s, happened);
    truth_find(s, truth[NJ_SPREAD_FINITE]);
    memcpy(truth[NJ_SPREAD_PROCESS], s->process, sizeof s->process);
    sample_draw(s, design, happened);
    struct nj_design whole =
        nj_data_design(nj_data_of_terms(s->rows[0].values, s->rows[0].terms_len));
    s->kish[design][size] += whole.kish;
    s->stored[design][size] += whole.units;
    for (unsigned i = 0; i < SUBJECTS; i++)
        for (unsigned spread = 0; spread < SPREADS; spread++) {
            struct nj_estimate estimates[METRICS];
            estimate(s, i, (enum nj_spread)spread, estimates);
            for (unsigned m = 0; m < METRICS; m++)
                score_add(&s->scores[design][size][i][m][spread], &estimates[m],
                          truth[spread][i][m]);
        }
}

static double
percent(unsigned long part, unsigned long whole)
{
    return whole ? 100.0 * (double)part / (double)whole : (double)NAN;
}

/* How far estimates are off on average in per cent, and the standard error of that. */
static double
off_of(const struct score *c, double *se)
{
    double n = (double)(c->tried - c->none), mean = c->error / n;

    *se = 100 * sqrt(fmax(0, c->square / n - mean * mean) / n) / (c->truth / n);
    return 100 * c->error / c->truth;
}

static void
all_print(const struct simulation *s, unsigned long replicates)
{
    printf("| design | traces stored | n_eff | of | metric | spread | held %% | above %% | "
           "below %% | no limit %% | off %% | standard error |\n"
           "|---|--:|--:|---|---|---|--:|--:|--:|--:|--:|--:|\n");
    for (unsigned d = 0; d < DESIGNS; d++)
        for (unsigned n = 0; n < SIZES; n++)
            for (unsigned i = 0; i < SUBJECTS && s->stored[d][n] > 0; i++)
                for (unsigned m = 0; m < METRICS; m++)
                    for (unsigned v = 0; v < SPREADS; v++) {
                        const struct score *c = &s->scores[d][n][i][m][v];
                        unsigned long used = c->tried - c->none;
                        double se, off = off_of(c, &se);
                        if (used == 0)
                            continue;
                        printf("| %s | %.0f | %.0f | %s | %s | %s | %.1f | %.1f | %.1f | %.1f "
                               "| %+.2f | %.2f |\n",
                               design_names[d], s->stored[d][n] / (double)replicates,
                               s->kish[d][n] / (double)replicates, subject_names[i],
                               metric_names[m], spread_names[v], percent(c->held, used),
                               percent(c->above, used), percent(c->below, used),
                               percent(c->unlimited, used), off, se);
                    }
}

static void
worst_print(const struct simulation *s)
{
    printf(
        "| n_eff | metric | spread | worst held %% | where | no limit there %% | most off %% "
        "| standard error |\n|--:|---|---|--:|---|--:|--:|--:|\n");
    for (unsigned n = 0; n < SIZES; n++)
        for (unsigned m = 0; m < METRICS; m++)
            for (unsigned v = 0; v < SPREADS; v++) {
                const struct score *worst = NULL;
                unsigned at_d = 0, at_i = 0;
                double off = 0, off_se = 0;
                for (unsigned d = 0; d < DESIGNS; d++)
                    for (unsigned i = 0; i < SUBJECTS; i++) {
                        const struct score *c = &s->scores[d][n][i][m][v];
                        double se, bias = off_of(c, &se);
                        if (c->tried == c->none)
                            continue;
                        if (fabs(bias) > fabs(off)) {
                            off = bias;
                            off_se = se;
                        }
                        if (worst && c->held * worst->tried >= worst->held * c->tried)
                            continue;
                        worst = c;
                        at_d = d;
                        at_i = i;
                    }
                if (!worst)
                    continue;
                printf("| %u | %s | %s | %.1f | %s, %s | %.1f | %+.2f | %.2f |\n", n_effs[n],
                       metric_names[m], spread_names[v],
                       percent(worst->held, worst->tried - worst->none), design_names[at_d],
                       subject_names[at_i],
                       percent(worst->unlimited, worst->tried - worst->none), off, off_se);
            }
}

static void
room_make(struct simulation *s)
{
    s->arena = nj_arena_new(1 << 22);
    s->traces = calloc(PROCESS_TRACES, sizeof *s->traces);
    for (unsigned i = 0; i < SUBJECTS; i++) {
        size_t items = (size_t)PROCESS_TRACES * (i ? CALLS_MAX : 1);
        s->rows[i] =
            (struct rows){.values = calloc(PROCESS_TRACES, sizeof(struct nj_term)),
                          .errors = calloc(PROCESS_TRACES, sizeof(struct nj_term)),
                          .items = calloc(items, sizeof(struct nj_keyed)),
                          .carriers = calloc(PROCESS_TRACES, sizeof(struct nj_carrier))};
        if (!s->rows[i].values || !s->rows[i].errors || !s->rows[i].items ||
            !s->rows[i].carriers)
            fail("no memory");
    }
    if (!s->arena || !s->traces)
        fail("no memory");
}

/* The 97th percentile of the lognormal durations: standard deviation sqrt(0.5^2 + 0.6^2). */
#define SLOW_OVER (1e9 * exp(1 + 1.8807936081512509 * sqrt(0.61)))

int
main(int argc, char **argv)
{
    static struct simulation s;
    unsigned long replicates = 1000, tried_sizes = SIZES;
    bool is_worst = false;

    s.seed = 1;
    s.has_quantiles = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--worst") == 0)
            is_worst = true;
        else if (strcmp(argv[i], "--design") == 0 && i + 1 < argc)
            s.only = argv[++i];
        else if (strcmp(argv[i], "--rates") == 0)
            s.has_quantiles = false;
        else if (strcmp(argv[i], "--replicates") == 0 && i + 1 < argc)
            replicates = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            s.seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--sizes") == 0 && i + 1 < argc)
            tried_sizes = strtoul(argv[++i], NULL, 10);
        else
            fail("usage: nj_coverage [--replicates N] [--seed S] [--sizes 1-3] [--worst] "
                 "[--rates] [--design NAME]");
    }
    room_make(&s);
    s.slow_over = SLOW_OVER;
    population_draw(&s, PROCESS_TRACES);
    truth_find(&s, s.process);
    for (unsigned n = 0; n < tried_sizes && n < SIZES; n++)
        for (unsigned d = 0; d < DESIGNS; d++)
            for (unsigned long r = 0; r < replicates; r++)
                if (!s.only || strcmp(s.only, design_names[d]) == 0)
                    replicate(&s, d, n);
    if (is_worst)
        worst_print(&s);
    else
        all_print(&s, replicates);
    return 0;
}
