/* weights.c - reads weights out of what spans record of sampling, source by source. */
#include "trees/weights.h"

#include "base/hash.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <math.h>

/* Sources in the order in which they are believed. */
enum source {
    SOURCE_THRESHOLD,
    SOURCE_THRESHOLD_ATTRIBUTE,
    SOURCE_P,
    SOURCE_PLAIN_THRESHOLD,
    SOURCE_FIRST_ATTRIBUTE,
    SOURCES_MAX = 32,
};

/* How the number of an attribute becomes a weight. */
enum reading {
    READ_FACTOR,       /* the weight; 0: kept for other reasons than chance */
    READ_ROUNDED,      /* the weight, rounded as Honeycomb does; not above 0 is 1 */
    READ_RATE,         /* its inverse, in (0, 1] */
    READ_LENIENT_RATE, /* its inverse; outside of (0, 1] it counts as 1 */
    READ_PERCENT,      /* a hundred times its inverse, in (0, 100] */
    READ_JAEGER,       /* by sampler.type */
    READ_MANUAL,       /* Datadog: who decided */
};

/* An attribute that gives a weight by itself or with a second one that multiplies the rate. */
struct rule {
    uint8_t row, times_row; /* enum nj_weight_row; the same twice: no second one */
    uint8_t reading;
};

#define ALONE(row, reading)                                                                    \
    {                                                                                          \
        NJ_WEIGHT_ROW_##row, NJ_WEIGHT_ROW_##row, READ_##reading                               \
    }
#define PAIR(row, other, reading)                                                              \
    {                                                                                          \
        NJ_WEIGHT_ROW_##row, NJ_WEIGHT_ROW_##other, READ_##reading                             \
    }

/* In the order in which they are believed, after tracestate. */
static const struct rule rules[] = {
    ALONE(REFINERY_FINAL, ROUNDED),
    ALONE(HONEYCOMB_LOWER, ROUNDED),
    ALONE(HONEYCOMB, ROUNDED),
    ALONE(DATADOG_MECHANISM, MANUAL),
    PAIR(DATADOG_KNUTH, DATADOG_LIMIT, RATE),
    PAIR(DATADOG_RULE, DATADOG_LIMIT, RATE),
    PAIR(DATADOG_AGENT, DATADOG_LIMIT, RATE),
    PAIR(JAEGER_PARAM, JAEGER_TYPE, JAEGER),
    ALONE(ADJUSTED_COUNT, FACTOR),
    PAIR(SENTRY_CLIENT, SENTRY_SERVER, LENIENT_RATE),
    ALONE(ELASTIC, FACTOR),
    ALONE(AZURE, PERCENT),
    ALONE(AZURE_COUNT, FACTOR),
    ALONE(LOGFIRE, RATE),
    ALONE(SAMPLE_RATIO, RATE),
    ALONE(DATADOG_LIVE, LENIENT_RATE),
    ALONE(DATADOG_LLM, RATE),
};

#define SOURCES_LEN (SOURCE_FIRST_ATTRIBUTE + NJ_LEN(rules))
_Static_assert(SOURCES_LEN <= (size_t)SOURCES_MAX, "findings have room for every source");

static const char *const keys[NJ_WEIGHT_ROWS_LEN] = {
#define NJ_WEIGHT(symbol, key, reading, help) key,
#include "schema/weights.def"
#undef NJ_WEIGHT
};

/* What was found so far, by source. UNKNOWN: nothing. */
struct findings {
    struct finding {
        double value;
        enum nj_weight_status status;
    } of[SOURCES_MAX];
    uint64_t threshold_min, threshold_max;
    uint64_t randomness;
    uint32_t spans, spans_with_threshold;
    bool has_rv, is_rv_invalid, is_without_r, is_rate_limited;
};

enum nj_weight_row
nj_weight_row_find(struct nj_slice key)
{
    for (unsigned i = 0; i < NJ_WEIGHT_ROWS_LEN; i++)
        if (nj_slice_eq(key, nj_slice_of(keys[i])))
            return (enum nj_weight_row)i;
    return NJ_WEIGHT_ROWS_LEN;
}

/* Of one source the largest weight counts; 0 only where no span has another, and what is
 * unreadable only where nothing else is there. */
static void
finding_add(struct findings *findings, size_t source, enum nj_weight_status status,
            double value)
{
    static const uint8_t strength[] = {[NJ_WEIGHT_UNKNOWN] = 0,
                                       [NJ_WEIGHT_INVALID] = 1,
                                       [NJ_WEIGHT_ZERO] = 2,
                                       [NJ_WEIGHT_OK] = 3,
                                       [NJ_WEIGHT_INCONSISTENT] = 4};
    struct finding *old = &findings->of[source];

    if (strength[status] > strength[old->status] ||
        (status == old->status && value > old->value))
        *old = (struct finding){value, status};
}

static bool
number_read(struct nj_slice text, double *out)
{
    struct nj_value value = {.type = NJ_VALUE_STRING, .bytes = text};
    return text.len && nj_value_real(&value, out) && isfinite(*out);
}

static bool
is_rate(double rate)
{
    return rate > 0 && rate <= 1;
}

static void
number_add(struct findings *f, size_t source, enum reading reading, double number)
{
    enum nj_weight_status status = NJ_WEIGHT_OK;

    switch (reading) {
    case READ_FACTOR:
        status = number == 0 ? NJ_WEIGHT_ZERO : number >= 1 ? NJ_WEIGHT_OK : NJ_WEIGHT_INVALID;
        break;
    case READ_ROUNDED:
        number = number <= 1 ? 1 : floor(number + 0.5);
        break;
    case READ_PERCENT:
        number /= 100;
        status = is_rate(number) ? NJ_WEIGHT_OK : NJ_WEIGHT_INVALID;
        number = 1 / number;
        break;
    case READ_RATE:
    case READ_LENIENT_RATE:
        status = is_rate(number) ? NJ_WEIGHT_OK : NJ_WEIGHT_INVALID;
        number = 1 / number;
        break;
    case READ_JAEGER:
    case READ_MANUAL:
        break;
    }
    finding_add(f, source, status, status == NJ_WEIGHT_OK ? number : 0);
}

/* Jaeger's client: only its probabilistic and constant samplers decide by a known chance. What
 * its lower bound kept has lost against the probability that it names. */
static void
jaeger_read(struct findings *f, size_t source, struct nj_slice type, struct nj_slice param)
{
    struct nj_value flag = {.type = NJ_VALUE_STRING, .bytes = param};
    double rate = 0;

    (void)number_read(param, &rate);
    if (nj_slice_eq(type, NJ_SLICE("probabilistic")))
        number_add(f, source, READ_RATE, rate);
    else if (nj_slice_eq(type, NJ_SLICE("const")) && (rate == 1 || nj_value_is_true(&flag)))
        finding_add(f, source, NJ_WEIGHT_OK, 1);
    else if (nj_slice_eq(type, NJ_SLICE("const")) || nj_slice_eq(type, NJ_SLICE("lowerbound")))
        finding_add(f, source, NJ_WEIGHT_ZERO, 0);
    else if (nj_slice_eq(type, NJ_SLICE("ratelimiting")))
        f->is_rate_limited = true;
}

/* Datadog's decision makers that do not ask chance: manual, application security, jobs, and the
 * guard of AI calls. */
static bool
is_manual(struct nj_slice maker)
{
    static const char *const makers[] = {"-4", "-5", "-10", "-13"};

    for (size_t i = 0; i < NJ_LEN(makers); i++)
        if (nj_slice_eq(maker, nj_slice_of(makers[i])))
            return true;
    return false;
}

/* The number of an attribute; where it is a rate, times that of the second one. */
static void
rule_apply(struct findings *f, size_t source, const struct rule *rule,
           const struct nj_slice *values)
{
    struct nj_slice first = values[rule->row], second = values[rule->times_row];
    bool is_lenient = rule->reading == READ_LENIENT_RATE;
    double a = 1, b = 1;

    if (!first.len && !(is_lenient && second.len))
        return;
    bool is_read = number_read(first, &a);
    if (rule->times_row != rule->row)
        is_read &= number_read(second, &b) || !second.len;
    if (is_lenient) {
        a = is_rate(a) ? a : 1;
        b = is_rate(b) ? b : 1;
    }
    if (is_read || is_lenient)
        number_add(f, source, (enum reading)rule->reading,
                   rule->times_row == rule->row ? a : a * b);
    else
        finding_add(f, source, NJ_WEIGHT_INVALID, 0);
}

static void
attributes_read(struct findings *f, const struct nj_slice *values)
{
    bool is_by_hand = is_manual(values[NJ_WEIGHT_ROW_DATADOG_MECHANISM]);

    for (size_t i = 0; i < NJ_LEN(rules); i++) {
        const struct rule *rule = &rules[i];
        size_t source = SOURCE_FIRST_ATTRIBUTE + i;
        if (rule->reading == READ_JAEGER)
            jaeger_read(f, source, values[rule->times_row], values[rule->row]);
        else if (rule->reading == READ_MANUAL && is_by_hand)
            finding_add(f, source, NJ_WEIGHT_ZERO, 0);
        else if (rule->reading != READ_MANUAL &&
                 !(is_by_hand && rule->times_row == NJ_WEIGHT_ROW_DATADOG_LIMIT))
            rule_apply(f, source, rule, values);
    }
}

static void
p_read(struct findings *f, const struct nj_tracestate *state)
{
    if (state->p == NJ_P_ZERO)
        finding_add(f, SOURCE_P, NJ_WEIGHT_ZERO, 0);
    else if (state->has_r && state->p > state->r)
        finding_add(f, SOURCE_P, NJ_WEIGHT_INCONSISTENT, 1);
    else
        finding_add(f, SOURCE_P, NJ_WEIGHT_OK, ldexp(1, state->p));
    f->is_without_r |= !state->has_r;
}

static void
threshold_add(struct findings *f, size_t source, uint64_t threshold)
{
    if (f->spans_with_threshold == 0 || threshold < f->threshold_min)
        f->threshold_min = threshold;
    if (threshold > f->threshold_max)
        f->threshold_max = threshold;
    f->spans_with_threshold++;
    finding_add(f, source, NJ_WEIGHT_OK, nj_threshold_weight(threshold));
}

static void
record_add(struct findings *f, const struct nj_weight_record *record)
{
    struct nj_tracestate state = nj_tracestate_read(record->trace_state);
    struct nj_slice threshold = record->values[NJ_WEIGHT_ROW_POLICY_THRESHOLD];
    struct nj_slice randomness = record->values[NJ_WEIGHT_ROW_POLICY_RANDOMNESS];
    size_t source = state.is_plain ? SOURCE_PLAIN_THRESHOLD : SOURCE_THRESHOLD;
    uint64_t number;

    f->spans++;
    f->is_rv_invalid |= state.is_rv_invalid;
    if (!state.has_randomness)
        state.has_randomness = nj_randomness_read(randomness, &state.randomness);
    if (state.has_randomness && !f->has_rv) {
        f->has_rv = true;
        f->randomness = state.randomness;
    }
    if (state.has_threshold)
        threshold_add(f, source, state.threshold);
    else if (state.has_p)
        p_read(f, &state);
    else if (state.is_invalid)
        finding_add(f, SOURCE_THRESHOLD, NJ_WEIGHT_INVALID, 0);
    else if (nj_threshold_read(threshold, &number))
        threshold_add(f, SOURCE_THRESHOLD_ATTRIBUTE, number);
    attributes_read(f, record->values);
}

static const char *
source_name(size_t source)
{
    static const char *const names[] = {"ot.th", "sampling.threshold", "ot.p", "th"};
    return source < NJ_LEN(names) ? names[source]
                                  : keys[rules[source - SOURCE_FIRST_ATTRIBUTE].row];
}

/* The thresholds cannot be true if the randomness lies below one of them. */
static void
thresholds_check(struct findings *f)
{
    static const uint8_t sources[] = {SOURCE_THRESHOLD, SOURCE_THRESHOLD_ATTRIBUTE,
                                      SOURCE_PLAIN_THRESHOLD};

    if (!f->spans_with_threshold || f->randomness >= f->threshold_max)
        return;
    for (size_t i = 0; i < NJ_LEN(sources); i++)
        if (f->of[sources[i]].status == NJ_WEIGHT_OK)
            f->of[sources[i]] = (struct finding){1, NJ_WEIGHT_INCONSISTENT};
}

static bool
is_usable(const struct finding *finding)
{
    return finding->status == NJ_WEIGHT_OK || finding->status == NJ_WEIGHT_ZERO;
}

/* The first usable source; without one the first that says anything at all. */
static size_t
source_choose(const struct findings *f)
{
    size_t said = SOURCES_LEN;

    for (size_t i = 0; i < SOURCES_LEN; i++) {
        if (is_usable(&f->of[i]))
            return i;
        if (f->of[i].status != NJ_WEIGHT_UNKNOWN && said == SOURCES_LEN)
            said = i;
    }
    return said;
}

static void
findings_show(struct nj_weight_reading *out, struct findings *f)
{
    thresholds_check(f);
    size_t chosen = source_choose(f);

    *out = (struct nj_weight_reading){
        .value = 1,
        .status = NJ_WEIGHT_UNKNOWN,
        .randomness = f->randomness,
        .threshold = f->threshold_max,
        .has_rv = f->has_rv,
        .has_threshold = f->spans_with_threshold > 0,
        .is_mixed = f->spans_with_threshold && f->threshold_min != f->threshold_max,
        .is_partial = f->spans_with_threshold && f->spans_with_threshold < f->spans,
        .is_rv_invalid = f->is_rv_invalid,
        .is_without_r = f->is_without_r,
        .is_rate_limited = f->is_rate_limited};
    if (chosen == SOURCES_LEN)
        return;
    out->status = f->of[chosen].status;
    out->source = source_name(chosen);
    out->value = is_usable(&f->of[chosen]) ? f->of[chosen].value : 1;
    for (size_t i = 0; i < SOURCES_LEN; i++) {
        double value = f->of[i].value;
        out->is_inconsistent |= f->of[i].status == NJ_WEIGHT_INCONSISTENT;
        out->has_conflict |= is_usable(&f->of[i]) && nj_weights_differ(value, out->value);
    }
}

void
nj_weight_of_record(struct nj_weight_reading *out, const struct nj_weight_record *record)
{
    struct findings findings = {.randomness = nj_randomness_of_id(&record->trace_id)};

    for (size_t i = 0; i < SOURCES_LEN; i++)
        findings.of[i].status = NJ_WEIGHT_UNKNOWN;
    record_add(&findings, record);
    findings_show(out, &findings);
}

/* What span i records; false: nothing, and *record is as it was. */
static bool
record_read(struct nj_weight_record *record, const struct nj_trace *trace, uint32_t i)
{
    struct nj_fact_cursor fact = nj_facts_open(nj_trace_facts(trace, i));
    unsigned row = NJ_WEIGHT_ROWS_LEN;
    bool has_any = false;

    if (!nj_trace_has_facts(trace, i,
                            NJ_FACT_BIT(WEIGHT_SOURCE) | NJ_FACT_BIT(WEIGHT_VALUE) |
                                NJ_FACT_BIT(TRACE_STATE)))
        return false;
    while (nj_facts_next(&fact)) {
        if (fact.fact != NJ_FACT_WEIGHT_SOURCE && fact.fact != NJ_FACT_WEIGHT_VALUE &&
            fact.fact != NJ_FACT_TRACE_STATE)
            continue;
        if (!has_any)
            *record = (struct nj_weight_record){.trace_id = trace->id};
        has_any = true;
        if (fact.fact == NJ_FACT_TRACE_STATE)
            record->trace_state = fact.bytes;
        else if (fact.fact == NJ_FACT_WEIGHT_SOURCE)
            row = fact.integer >= 0 && fact.integer < NJ_WEIGHT_ROWS_LEN
                      ? (unsigned)fact.integer
                      : NJ_WEIGHT_ROWS_LEN;
        else if (row < NJ_WEIGHT_ROWS_LEN)
            record->values[row] = fact.bytes;
    }
    return has_any;
}

void
nj_weight_read(struct nj_weight_reading *out, const struct nj_trace *trace)
{
    struct findings findings = {.randomness = nj_randomness_of_id(&trace->id)};
    struct nj_weight_record record;

    for (size_t i = 0; i < SOURCES_LEN; i++)
        findings.of[i].status = NJ_WEIGHT_UNKNOWN;
    for (uint32_t i = 0; i < trace->spans_len; i++) {
        if (record_read(&record, trace, i))
            record_add(&findings, &record);
        else
            findings.spans += trace->row[i] != NULL;
    }
    findings_show(out, &findings);
}

enum nj_status
nj_weight_of_trace(struct nj_weight *out, const struct nj_trace *trace, struct nj_error *err)
{
    struct nj_weight_reading reading;
    struct nj_slice unit = {(const char *)trace->id.bytes, sizeof trace->id.bytes};

    nj_weight_read(&reading, trace);
    if (reading.has_rv)
        unit = (struct nj_slice){(const char *)&reading.randomness, sizeof reading.randomness};
    *out = (struct nj_weight){.value = reading.value,
                              .cluster = nj_hash(unit),
                              .status = (uint8_t)reading.status,
                              .has_conflict = reading.has_conflict,
                              .is_grouped = reading.has_rv};
    if (reading.source)
        out->source = nj_names_intern(trace->corpus->names, nj_slice_of(reading.source));
    return out->source == UINT32_MAX
               ? nj_fail(err, NJ_ENOMEM, "no memory for the source of a weight")
               : NJ_OK;
}
