/* quantile.c - intervals of weighted quantiles. */
#include "base/quantile.h"

#include "base/special.h"
#include "base/sum.h"

#include <math.h>

#define LIMIT        0.975 /* two-sided 95 % */
#define NEAR_ROWS    20    /* of which the heaviest cluster stands for what was not seen */
#define NEAR_WEIGHTS 2.0   /* times the heaviest weight: what they carry at least */
#define TAIL_SCAN                                                                              \
    256 /* up to here limits are scanned: with few clusters they need not be monotone */

/* The variance of the share of weight on one side of a value t, updated value by value:
 *   V(t; f) = sum_c k_c (A_c(t) - f B_c)^2 / W^2
 * with A_c the weight that cluster c has on that side, B_c its whole weight, k_c its share in
 * the spread. The sums for the process, where all shares are the same, are kept beside. A part
 * of known size counts as one more cluster, which is made of all its rows and has a negative
 * share (nj_known_factors). */
struct spread {
    const struct nj_sample *sample;
    double process;  /* m / (m - 1) of m clusters */
    bool is_process; /* the spread that is asked for */
    struct unit {
        double seen, weight, share; /* A_c, B_c, k_c */
    } * unit;                       /* of rows */
    struct part {
        double seen, weight, share, even; /* even: the share in the process */
    } * part;                             /* of each part of known size; NULL: there are none */
    struct sums {
        struct nj_sum aa, ab; /* sums of k A^2 and k A B */
        double bb;            /* sum of k B^2 */
    } asked, even;            /* even: k is 1 */
};

static double
share_of(const struct spread *s, double rest)
{
    return s->is_process || rest == 1 ? s->process : rest;
}

/* Adds rows of weight `w` in all to their part, before anything is seen of it. */
static void
part_grow(struct spread *s, struct nj_known known, double weight, double rest, double w)
{
    enum nj_spread spread = s->is_process ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;

    if (!nj_is_known(known))
        return;
    struct part *part = &s->part[known.number - 1];
    part->weight += w;
    part->share = nj_known_factors_of(known, weight, rest, spread).sum;
    part->even = -rest / known.quota;
}

static enum nj_status
parts_begin(struct spread *s, struct nj_arena *scratch, struct nj_error *err)
{
    const struct nj_sample *sample = s->sample;

    if (sample->parts_len == 0)
        return NJ_OK;
    if (!(s->part = NJ_NEW(scratch, struct part, sample->parts_len)))
        return nj_fail(err, NJ_ENOMEM, "no memory for the parts of %zu values", sample->len);
    for (size_t i = 0; i < sample->len; i++) {
        if (sample->cell) {
            const struct nj_cell *c = &sample->cell[i];
            part_grow(s, c->known, c->weight, c->rest, c->weight * c->rows);
        } else {
            const struct nj_carrier *c = &sample->carriers[sample->item[i].carrier];
            part_grow(s, c->known, c->weight, c->rest, c->weight);
        }
    }
    return NJ_OK;
}

/* The share of a cluster, which lies in a part of known size or in none. */
static double
known_share(const struct spread *s, struct nj_known known, double weight, double rest)
{
    enum nj_spread spread = s->is_process ? NJ_SPREAD_PROCESS : NJ_SPREAD_FINITE;

    return nj_is_known(known) ? nj_known_factors_of(known, weight, rest, spread).squares
                              : share_of(s, rest);
}

static enum nj_status
spread_begin(struct spread *s, const struct nj_sample *sample, enum nj_spread spread,
             struct nj_arena *scratch, struct nj_error *err)
{
    struct nj_sum asked = {0}, even = {0};
    double m = sample->units;

    *s = (struct spread){.sample = sample,
                         .process = m > 1 ? m / (m - 1) : 1,
                         .is_process = spread == NJ_SPREAD_PROCESS};
    for (size_t i = 0; i < sample->classes_len; i++) {
        const struct nj_cell_class *c = &sample->classes[i];
        nj_sum_add(&asked, known_share(s, c->known, c->weight, c->rest) * c->weight *
                               c->weight * c->bb);
        nj_sum_add(&even, c->weight * c->weight * c->bb);
    }
    if (sample->unit) {
        s->unit = NJ_NEW_RAW(scratch, struct unit, (size_t)m);
        if (!s->unit)
            return nj_fail(err, NJ_ENOMEM, "no memory for the spread of %zu values",
                           sample->len);
        for (size_t c = 0; c < (size_t)m; c++) {
            double weight = sample->unit_weight[c], share = share_of(s, sample->unit_rest[c]);
            s->unit[c] = (struct unit){0, weight, share};
            nj_sum_add(&asked, share * weight * weight);
            nj_sum_add(&even, weight * weight);
        }
    }
    if (parts_begin(s, scratch, err) < 0)
        return NJ_ENOMEM;
    for (size_t i = 0; s->part && s->unit && i < sample->len; i++) {
        const struct nj_carrier *c = &sample->carriers[sample->item[i].carrier];
        struct unit *unit = &s->unit[sample->unit[i]];
        double share = known_share(s, c->known, c->weight, c->rest);
        nj_sum_add(&asked, (share - unit->share) * unit->weight * unit->weight);
        unit->share = share;
    }
    for (uint32_t k = 0; s->part && k < sample->parts_len; k++) {
        nj_sum_add(&asked, s->part[k].share * s->part[k].weight * s->part[k].weight);
        nj_sum_add(&even, s->part[k].even * s->part[k].weight * s->part[k].weight);
    }
    s->asked.bb = nj_sum_of(&asked);
    s->even.bb = nj_sum_of(&even);
    return NJ_OK;
}

static void
spread_restart(struct spread *s)
{
    for (size_t c = 0; s->unit && c < (size_t)s->sample->units; c++)
        s->unit[c].seen = 0;
    for (uint32_t k = 0; s->part && k < s->sample->parts_len; k++)
        s->part[k].seen = 0;
    s->asked.aa = s->asked.ab = s->even.aa = s->even.ab = (struct nj_sum){0};
}

static void
sums_add(struct spread *s, double share, double aa, double ab)
{
    nj_sum_add(&s->asked.aa, share * aa);
    nj_sum_add(&s->asked.ab, share * ab);
    nj_sum_add(&s->even.aa, aa);
    nj_sum_add(&s->even.ab, ab);
}

/* The cluster that a part of known size counts as sees rows of weight `w`. */
static void
part_add(struct spread *s, struct nj_known known, double w)
{
    if (!nj_is_known(known))
        return;
    struct part *part = &s->part[known.number - 1];
    double aa = w * (2 * part->seen + w), ab = w * part->weight;

    nj_sum_add(&s->asked.aa, part->share * aa);
    nj_sum_add(&s->asked.ab, part->share * ab);
    nj_sum_add(&s->even.aa, part->even * aa);
    nj_sum_add(&s->even.ab, part->even * ab);
    part->seen += w;
}

static void
row_add(struct spread *s, size_t row)
{
    struct unit *unit = &s->unit[s->sample->unit[row]];
    double w = s->sample->weight[row];

    sums_add(s, unit->share, w * (2 * unit->seen + w), w * unit->weight);
    unit->seen += w;
    if (s->part)
        part_add(s, s->sample->carriers[s->sample->item[row].carrier].known, w);
}

static void
cell_add(struct spread *s, size_t at)
{
    const struct nj_cell *cell = &s->sample->cell[at];
    double square = cell->weight * cell->weight;

    sums_add(s, known_share(s, cell->known, cell->weight, cell->rest), square * cell->aa,
             square * cell->ab);
    if (s->part)
        part_add(s, cell->known, cell->weight * cell->rows);
}

/* Adds all rows or cells of the next value and returns the rank after them. */
static size_t
spread_step(struct spread *s, size_t at)
{
    uint64_t key = s->sample->key[at];

    do {
        if (s->sample->cell)
            cell_add(s, at++);
        else
            row_add(s, at++);
    } while (at < s->sample->len && s->sample->key[at] == key);
    return at;
}

/* Of the sum of weights on the side that was added, not of the share. */
static double
sums_variance(const struct sums *sums, double f)
{
    return fmax(0, nj_sum_of(&sums->aa) - 2 * f * nj_sum_of(&sums->ab) + f * f * sums->bb);
}

/* The same for the other side: of B_c - A_c. */
static double
sums_variance_beyond(const struct sums *sums, double f)
{
    double aa = sums->bb - 2 * nj_sum_of(&sums->ab) + nj_sum_of(&sums->aa);
    double ab = sums->bb - nj_sum_of(&sums->ab);

    return fmax(0, aa - 2 * f * ab + f * f * sums->bb);
}

/* n_eff, and the Woodruff limits for one standard error, of a quantile whose value ends before
 * rank `end`; f is the share on the side that was added. */
static void
precision_set(struct spread *s, struct nj_quantile *quantile, size_t end, double f)
{
    const struct nj_sample *sample = s->sample;
    double total = sample->weight_sum, reached = sample->reach[end - 1] / total;
    double se = sqrt(s->process * sums_variance(&s->even, f)) / total;
    bool has_se = reached < 1 && se > 0 && sample->units > 1;

    quantile->n_eff = has_se ? reached * (1 - reached) / (se * se) : total * total / s->even.bb;
    if (has_se && reached - se > 0)
        quantile->se_lo = nj_sample_rank(sample, reached - se);
    if (has_se && reached + se < 1)
        quantile->se_hi = nj_sample_rank(sample, reached + se);
}

/* A quantile on the way up: what is still wanted of it. */
struct climb {
    struct nj_quantile *quantile;
    bool wants_precision, wants_lo, wants_hi;
};

/* Francisco and Fuller (1991): the values whose cumulative share does not differ from p. */
static void
score_step(struct spread *s, struct climb *climb, size_t at, size_t next, double t)
{
    double gap = s->sample->reach[next - 1] - climb->quantile->p * s->sample->weight_sum;
    double reach = t * sqrt(sums_variance(&s->asked, climb->quantile->p));

    if (climb->wants_lo && gap >= -reach) {
        climb->quantile->lo = at;
        climb->wants_lo = false;
    }
    if (gap > reach) {
        climb->quantile->hi = at;
        climb->wants_hi = false;
    }
}

/* From the bottom up: score limits of quantiles before the tail, with `t` (0: none), and their
 * precision; of cells the precision of all. */
static enum nj_status
climb_up(struct spread *s, struct nj_quantile *quantiles, size_t len, double t,
         struct nj_arena *scratch, struct nj_error *err)
{
    struct climb *climbs = NJ_NEW_RAW(scratch, struct climb, len);
    size_t open = 0;

    if (!climbs)
        return nj_fail(err, NJ_ENOMEM, "no memory for %zu quantiles", len);
    for (size_t q = 0; q < len; q++) {
        bool is_tail = quantiles[q].p >= NJ_TAIL_FROM, has_limits = !is_tail && t > 0;
        if (!is_tail || s->sample->cell)
            climbs[open++] = (struct climb){&quantiles[q], true, has_limits, has_limits};
    }
    for (size_t at = 0, next; open > 0 && at < s->sample->len; at = next) {
        size_t kept = 0;
        next = spread_step(s, at);
        for (size_t i = 0; i < open; i++) {
            struct climb *climb = &climbs[i];
            if (climb->wants_hi)
                score_step(s, climb, at, next, t);
            if (climb->quantile->at == at) {
                precision_set(s, climb->quantile, next,
                              s->sample->reach[next - 1] / s->sample->weight_sum);
                climb->wants_precision = false;
            }
            if (climb->wants_precision || climb->wants_hi)
                climbs[kept++] = *climb;
        }
        open = kept;
    }
    spread_restart(s);
    return NJ_OK;
}

/* The sample from the top, one element a value. */
struct tail {
    double *above, *variance; /* weight above the value, and its variance */
    double *heaviest;         /* what one more cluster above it could weigh */
    size_t *rank;
    size_t len;
    double total; /* weight of the sample */
};

/* Rows from the top down to some value. */
struct top {
    size_t at; /* where they begin */
    double rows, weight;
    double heaviest; /* the largest weight that a cluster has among them */
};

/* Adds the rows or cells of the next value. */
static void
top_grow(struct top *top, struct spread *s, bool has_clusters)
{
    const struct nj_sample *sample = s->sample;
    uint64_t key = sample->key[top->at - 1];

    for (; top->at > 0 && sample->key[top->at - 1] == key; top->at--) {
        size_t i = top->at - 1;
        if (sample->cell) {
            const struct nj_cell *cell = &sample->cell[i];
            top->rows += cell->rows;
            top->weight += cell->rows * cell->weight;
            top->heaviest = fmax(top->heaviest, cell->weight * cell->most);
            continue;
        }
        double weight = sample->weight[i];
        top->rows++;
        top->weight += weight;
        if (has_clusters)
            top->heaviest = fmax(top->heaviest, s->unit[sample->unit[i]].seen += weight);
    }
}

static double
heaviest_row(const struct nj_sample *sample)
{
    double heaviest = 0;

    for (size_t i = 0; i < sample->len; i++)
        heaviest = fmax(heaviest, sample->cell ? sample->cell[i].weight : sample->weight[i]);
    return heaviest;
}

/* What one more cluster above a value could weigh: as much as the heaviest among all rows above
 * it and those next below, which are so many, and carry so much, that heavy ones would show.
 * In a textbook's interval it is the heaviest of the topmost rows, whatever the value. */
static void
heaviest_fill(struct tail *tail, struct spread *s)
{
    struct top above = {.at = s->sample->len}, seen = above;
    double wanted = s->sample->is_textbook ? 0 : NEAR_WEIGHTS * heaviest_row(s->sample);

    spread_restart(s);
    for (size_t i = 0; i < tail->len; i++) {
        while (seen.at > 0 &&
               (seen.rows < above.rows + NEAR_ROWS || seen.weight < above.weight + wanted))
            top_grow(&seen, s, true);
        tail->heaviest[i] = seen.heaviest;
        if (!s->sample->is_textbook)
            top_grow(&above, s, false);
    }
    spread_restart(s);
}

/* Limits of the weight above a value (Fay and Feuer 1997). */
static double
tail_upper(const struct tail *tail, size_t i)
{
    double y = tail->above[i] + tail->heaviest[i];
    double v = tail->variance[i] + tail->heaviest[i] * tail->heaviest[i];

    return v / (2 * y) * nj_chi2_quantile(LIMIT, 2 * y * y / v);
}

static double
tail_lower(const struct tail *tail, size_t i)
{
    double y = tail->above[i], v = tail->variance[i];

    if (!(y > 0) || !(v > 0))
        return y;
    return v / (2 * y) * nj_chi2_quantile(1 - LIMIT, 2 * y * y / v);
}

/* The smallest value whose upper limit stays below `wanted`, counted from the top + 1. */
static size_t
tail_upper_count(const struct tail *tail, double wanted)
{
    size_t lo = 0, hi = tail->len;

    if (tail->len <= TAIL_SCAN) {
        while (hi > 0 && !(tail_upper(tail, hi - 1) < wanted))
            hi--;
        return hi;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (tail_upper(tail, mid) < wanted)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The largest value whose lower limit exceeds `wanted`, counted from the top. */
static size_t
tail_lower_count(const struct tail *tail, double wanted)
{
    size_t lo = 0, hi = tail->len;

    if (tail->len <= TAIL_SCAN) {
        while (lo < tail->len && !(tail_lower(tail, lo) > wanted))
            lo++;
        return lo;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (tail_lower(tail, mid) > wanted)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static enum nj_status
tail_new(struct tail *tail, const struct nj_sample *sample, struct nj_arena *scratch,
         struct nj_error *err)
{
    size_t len = 0;

    for (size_t i = 0; i < sample->len; i++)
        len += i == 0 || sample->key[i] != sample->key[i - 1];
    *tail = (struct tail){NJ_NEW_RAW(scratch, double, len),
                          NJ_NEW_RAW(scratch, double, len),
                          NJ_NEW_RAW(scratch, double, len),
                          NJ_NEW_RAW(scratch, size_t, len),
                          len,
                          sample->weight_sum};
    if (!tail->above || !tail->variance || !tail->heaviest || !tail->rank)
        return nj_fail(err, NJ_ENOMEM, "no memory for the tail of %zu values", sample->len);
    return NJ_OK;
}

/* The whole tail of cells, whose sums are from the bottom up. */
static void
tail_of_cells(struct tail *tail, struct spread *s)
{
    const struct nj_sample *sample = s->sample;
    size_t i = tail->len;

    for (size_t at = 0, next; at < sample->len; at = next) {
        next = spread_step(s, at);
        bool is_last = next == sample->len;
        double above = is_last ? 0 : tail->total - sample->reach[next - 1];
        i--;
        tail->above[i] = above;
        tail->variance[i] = is_last ? 0 : sums_variance_beyond(&s->asked, above / tail->total);
        tail->rank[i] = at;
    }
}

/* The tail of rows, from the top down as far as quantiles from the tail's first on need it:
 * to them, and to where the lower limit of the weight above exceeds what lies above the first.
 */
static void
tail_of_rows(struct tail *tail, struct spread *s, struct nj_quantile *quantiles, size_t len)
{
    const struct nj_sample *sample = s->sample;
    double wanted = (1 - quantiles[0].p) * tail->total, check = wanted;
    size_t i = 0, open = len;

    for (size_t at = sample->len, from; at > 0; at = from) {
        double above = at == sample->len ? 0 : tail->total - sample->reach[at - 1];
        tail->above[i] = above;
        tail->variance[i] = sums_variance(&s->asked, above / tail->total);
        for (from = at - 1; from > 0 && sample->key[from - 1] == sample->key[at - 1];)
            from--;
        tail->rank[i] = from;
        for (; open > 0 && quantiles[open - 1].at == from; open--)
            precision_set(s, &quantiles[open - 1], at, above / tail->total);
        if (++i > TAIL_SCAN && open == 0 && above > check) {
            if (tail_lower(tail, i - 1) > wanted)
                break;
            check = above * 1.02;
        }
        for (size_t row = at; row-- > from;)
            row_add(s, row);
    }
    tail->len = i;
}

static void
tail_interval(const struct tail *tail, struct nj_quantile *quantile)
{
    double wanted = (1 - quantile->p) * tail->total;
    size_t upper = tail_upper_count(tail, wanted), lower = tail_lower_count(tail, wanted);

    if (upper > 0)
        quantile->hi = tail->rank[upper - 1];
    if (lower > 0 && lower < tail->len)
        quantile->lo = tail->rank[lower - 1];
}

/* Precision of quantiles in the tail, and their limits. */
static enum nj_status
tail_fill(struct spread *s, struct nj_quantile *quantiles, size_t len, bool has_limits,
          struct nj_arena *scratch, struct nj_error *err)
{
    struct tail tail;
    enum nj_status st = tail_new(&tail, s->sample, scratch, err);

    if (st < 0)
        return st;
    if (s->sample->cell)
        tail_of_cells(&tail, s);
    else
        tail_of_rows(&tail, s, quantiles, len);
    if (!has_limits)
        return NJ_OK;
    heaviest_fill(&tail, s);
    for (size_t q = 0; q < len; q++)
        tail_interval(&tail, &quantiles[q]);
    return NJ_OK;
}

enum nj_status
nj_sample_quantiles(const struct nj_sample *sample, enum nj_spread spread,
                    struct nj_quantile *quantiles, size_t len, struct nj_arena *scratch,
                    struct nj_error *err)
{
    bool is_exact = spread == NJ_SPREAD_FINITE && sample->is_census;
    bool has_limits = !is_exact && sample->units > 1;
    struct spread s;
    size_t before = 0; /* the tail */

    for (size_t q = 0; q < len; q++) {
        size_t at = nj_sample_rank(sample, quantiles[q].p);
        size_t limit = is_exact ? at : NJ_NO_RANK;
        quantiles[q] =
            (struct nj_quantile){quantiles[q].p, at,    nj_sample_plain(sample, quantiles[q].p),
                                 limit,          limit, NJ_NO_RANK,
                                 NJ_NO_RANK,     0};
        before += quantiles[q].p < NJ_TAIL_FROM;
    }
    if (sample->len == 0)
        return NJ_OK;
    enum nj_status st = spread_begin(&s, sample, spread, scratch, err);
    if (st == NJ_OK)
        st = climb_up(&s, quantiles, len,
                      has_limits ? nj_t_quantile(LIMIT, sample->units - 1) : 0, scratch, err);
    if (st == NJ_OK && before < len)
        st = tail_fill(&s, quantiles + before, len - before, has_limits, scratch, err);
    return st;
}
