/* score.c - two-sample quantile score test. */
#include "gates/score.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>

/* (value int64, weight double, cluster uint64), little endian. */
enum { POINT_BYTES = 24 };
#define FACTOR_MAX 1000.0

struct point {
    double value, weight;
    uint64_t cluster;
};

static uint64_t
u64_read(const unsigned char *at)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | at[i];
    return v;
}

static int
value_cmp(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    if (x->value < y->value || x->value > y->value)
        return x->value < y->value ? -1 : 1;
    return (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

static int
cluster_cmp(const void *a, const void *b)
{
    uint64_t x = (*(const struct point *const *)a)->cluster;
    uint64_t y = (*(const struct point *const *)b)->cluster;
    return (x > y) - (x < y);
}

/* The row of the group; SIZE_MAX: none. */
static size_t
row_find(const struct nj_table *t, const struct nj_slice key[3])
{
    static const unsigned columns[] = {NJ_COL_distributions_agent, NJ_COL_distributions_kind,
                                       NJ_COL_distributions_key};

    for (size_t r = 0; r < nj_table_len(t); r++) {
        size_t i = 0;
        while (i < NJ_LEN(columns) && nj_slice_eq(nj_table_text(t, r, columns[i]), key[i]))
            i++;
        if (i == NJ_LEN(columns))
            return r;
    }
    return SIZE_MAX;
}

static size_t
points_read(struct point *out, struct nj_slice bytes, size_t night)
{
    size_t len = bytes.len / POINT_BYTES;

    for (size_t i = 0; i < len; i++) {
        const unsigned char *at = (const unsigned char *)bytes.ptr + i * POINT_BYTES;
        uint64_t bits = u64_read(at + 8), cluster[2] = {u64_read(at + 16), night};
        double weight;
        memcpy(&weight, &bits, sizeof weight);
        /* the same trace in two nights is two observations */
        out[i] = (struct point){
            (double)(int64_t)u64_read(at), weight,
            night ? nj_hash((struct nj_slice){(const char *)cluster, sizeof cluster})
                  : cluster[0]};
    }
    return len;
}

/* Columns out of points; clusters get dense numbers. */
static bool
columns_fill(struct nj_score_sample *s, struct point *points, struct nj_arena *arena)
{
    const struct point **by = NJ_NEW_RAW(arena, const struct point *, s->len);

    s->value = NJ_NEW_RAW(arena, double, s->len);
    s->weight = NJ_NEW_RAW(arena, double, s->len);
    s->cluster = NJ_NEW_RAW(arena, uint32_t, s->len);
    if (!by || !s->value || !s->weight || !s->cluster)
        return false;
    qsort(points, s->len, sizeof *points, value_cmp);
    for (size_t i = 0; i < s->len; i++) {
        s->value[i] = points[i].value;
        s->weight[i] = points[i].weight;
        s->weight_sum += points[i].weight;
        by[i] = &points[i];
    }
    qsort(by, s->len, sizeof *by, cluster_cmp);
    for (size_t i = 0; i < s->len; i++) {
        if (i > 0 && by[i]->cluster != by[i - 1]->cluster)
            s->clusters_len++;
        s->cluster[by[i] - points] = (uint32_t)s->clusters_len;
    }
    s->clusters_len++;
    return true;
}

enum nj_status
nj_score_sample_make(struct nj_score_sample *out, const struct nj_results *const *results,
                     size_t results_len, const struct nj_slice key[3], struct nj_arena *arena,
                     struct nj_error *err)
{
    size_t room = 0, len = 0;
    double grid_n = 0;

    *out = (struct nj_score_sample){0};
    for (size_t i = 0; i < results_len; i++) {
        const struct nj_table *t = nj_results_view(results[i], NJ_TABLE_distributions);
        size_t r = row_find(t, key);
        if (r != SIZE_MAX)
            room += nj_table_text(t, r, NJ_COL_distributions_points).len / POINT_BYTES;
    }
    if (room == 0)
        return NJ_OK;
    struct point *points = NJ_NEW_RAW(arena, struct point, room);
    if (!points)
        return nj_fail(err, NJ_ENOMEM, "no memory for the values of a comparison");
    for (size_t i = 0; i < results_len; i++) {
        const struct nj_table *t = nj_results_view(results[i], NJ_TABLE_distributions);
        size_t r = row_find(t, key);
        if (r == SIZE_MAX)
            continue;
        if (nj_table_int(t, r, NJ_COL_distributions_is_grid))
            grid_n += nj_table_real(t, r, NJ_COL_distributions_n);
        len += points_read(points + len, nj_table_text(t, r, NJ_COL_distributions_points), i);
    }
    out->len = len;
    out->grid_n = grid_n;
    return columns_fill(out, points, arena)
               ? NJ_OK
               : nj_fail(err, NJ_ENOMEM, "no memory for the values of a comparison");
}

double
nj_score_quantile(const struct nj_score_sample *s, double p)
{
    double reach = 0;
    size_t i = 0;

    while (i + 1 < s->len && (reach += s->weight[i]) < p * s->weight_sum * (1 - 1e-12))
        i++;
    return s->len ? s->value[i] : (double)NAN;
}

/* Quantile p of both, base scaled, each with the weight of its number of clusters. */
static double
pooled_quantile(const struct nj_score_sample *base, const struct nj_score_sample *now, double p,
                double factor)
{
    double b = (double)base->clusters_len / base->weight_sum;
    double n = (double)now->clusters_len / now->weight_sum;
    double target = p * (double)(base->clusters_len + now->clusters_len) * (1 - 1e-12);
    double reach = 0, at = 0;
    size_t i = 0, k = 0;

    while (reach < target && (i < base->len || k < now->len)) {
        bool is_base =
            k == now->len || (i < base->len && base->value[i] * factor <= now->value[k]);
        at = is_base ? base->value[i] * factor : now->value[k];
        reach += is_base ? b * base->weight[i] : n * now->weight[k];
        if (is_base)
            i++;
        else
            k++;
    }
    return at;
}

/* Share of weight whose value times `factor` is beyond `limit`, and its variance. */
static double
share_beyond(const struct nj_score_sample *s, double factor, double limit, double *sums,
             double *variance)
{
    double beyond = 0, sum = 0, m = (double)s->clusters_len;

    for (size_t c = 0; c < s->clusters_len; c++)
        sums[c] = 0;
    for (size_t i = s->len; i-- > 0 && s->value[i] * factor > limit;)
        beyond += s->weight[i];
    double share = beyond / s->weight_sum;
    if (s->grid_n > 0) {
        *variance = share * (1 - share) / s->grid_n;
        return share;
    }
    for (size_t i = 0; i < s->len; i++)
        sums[s->cluster[i]] += s->weight[i] * ((s->value[i] * factor > limit) - share);
    for (size_t c = 0; c < s->clusters_len; c++)
        sum += sums[c] * sums[c];
    *variance = m > 1 ? sum / (s->weight_sum * s->weight_sum) * m / (m - 1) : 0;
    return share;
}

double
nj_score_z(const struct nj_score_sample *base, const struct nj_score_sample *now, double p,
           double factor, double *sums)
{
    double limit = pooled_quantile(base, now, p, factor), v_base, v_now;
    double b = share_beyond(base, factor, limit, sums, &v_base);
    double n = share_beyond(now, 1, limit, sums, &v_now), floor = p * (1 - p);

    /* all on one side: what the hypothesis says instead */
    if (v_base <= 0)
        v_base = floor / (double)base->clusters_len;
    if (v_now <= 0)
        v_now = floor / (double)now->clusters_len;
    return (n - b) / sqrt(v_base + v_now);
}

double
nj_score_factor(const struct nj_score_sample *base, const struct nj_score_sample *now, double p,
                double z, double *sums)
{
    double lo = -log(FACTOR_MAX), hi = log(FACTOR_MAX);

    if (nj_score_z(base, now, p, exp(lo), sums) < z ||
        nj_score_z(base, now, p, exp(hi), sums) > z)
        return (double)NAN;
    for (int i = 0; i < 40; i++) {
        double mid = (lo + hi) / 2;
        if (nj_score_z(base, now, p, exp(mid), sums) > z)
            lo = mid;
        else
            hi = mid;
    }
    return exp((lo + hi) / 2);
}
