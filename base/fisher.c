/* fisher.c - exact comparison of two counts, and many such comparisons at once. */
#include "base/fisher.h"

#include "base/special.h"

#include <math.h>
#include <stdlib.h>

/* ln of the number of ways to choose k of n. */
static double
log_choose(uint64_t n, uint64_t k)
{
    return nj_log_gamma((double)n + 1) - nj_log_gamma((double)k + 1) -
           nj_log_gamma((double)(n - k) + 1);
}

/* Of `all` things with the property, x fall among the now_n and the others among the before_n.
 */
struct split {
    double now_n, before_n, all;
};

static double
ratio_up(const struct split *s, double x)
{
    return (s->now_n - x) * (s->all - x) / ((x + 1) * (s->before_n - s->all + x + 1));
}

/* Sum of the probabilities of x, x + 1, … (is_up) or x, x - 1, … from that of x. Terms fall
 * faster and faster on their way out of the middle. */
static double
tail_sum(const struct split *s, double x, double first, bool is_up)
{
    double sum = first, term = first;

    while (term > sum * 1e-17) {
        term = is_up ? term * ratio_up(s, x) : x > 0 ? term / ratio_up(s, x - 1) : 0;
        x += is_up ? 1 : -1;
        sum += term;
    }
    return sum;
}

double
nj_fisher_more(struct nj_count before, struct nj_count now)
{
    uint64_t all = before.k + now.k, n = before.n + now.n;
    struct split s = {(double)now.n, (double)before.n, (double)all};
    uint64_t least = all > before.n ? all - before.n : 0;
    double middle, x = (double)now.k, first;

    if (now.k <= least)
        return 1;
    middle = (double)all * ((double)now.n / (double)n);
    if (x < middle)
        x -= 1; /* the other tail is shorter: sum that one */
    first = exp(log_choose(now.n, (uint64_t)x) + log_choose(before.n, all - (uint64_t)x) -
                log_choose(n, all));
    if (x < (double)now.k)
        return fmax(0, 1 - tail_sum(&s, x, first, false));
    return fmin(1, tail_sum(&s, x, first, true));
}

double
nj_fisher_least(struct nj_count before, struct nj_count now)
{
    uint64_t all = before.k + now.k, most = all < now.n ? all : now.n;

    return nj_fisher_more((struct nj_count){all - most, before.n},
                          (struct nj_count){most, now.n});
}

static int
by_least(const void *a, const void *b)
{
    const struct nj_hypothesis *x = *(struct nj_hypothesis *const *)a;
    const struct nj_hypothesis *y = *(struct nj_hypothesis *const *)b;

    return (x->p_least > y->p_least) - (x->p_least < y->p_least);
}

static int
by_p(const void *a, const void *b)
{
    const struct nj_hypothesis *x = *(struct nj_hypothesis *const *)a;
    const struct nj_hypothesis *y = *(struct nj_hypothesis *const *)b;

    return (x->p > y->p) - (x->p < y->p);
}

/* How many can be tested: the smallest m for which at most m could reach rate / m. `sorted` is
 * by p_least, so those come first. */
static size_t
testable_count(struct nj_hypothesis *const *sorted, size_t len, double rate)
{
    size_t reaching = len;

    for (size_t m = 1; m <= len; m++) {
        while (reaching > 0 && sorted[reaching - 1]->p_least > rate / (double)m)
            reaching--;
        if (reaching <= m)
            break;
    }
    return reaching;
}

enum nj_status
nj_discoveries_find(struct nj_hypothesis *family, size_t len, double rate, struct nj_error *err)
{
    struct nj_hypothesis **sorted = len ? calloc(len, sizeof *sorted) : NULL;
    double q = 1;
    size_t m;

    if (len == 0)
        return NJ_OK;
    if (!sorted)
        return nj_fail(err, NJ_ENOMEM, "no memory to compare %zu counts", len);
    for (size_t i = 0; i < len; i++) {
        sorted[i] = &family[i];
        family[i].q = 1;
        family[i].is_testable = family[i].is_rejected = false;
    }
    qsort(sorted, len, sizeof *sorted, by_least);
    m = testable_count(sorted, len, rate);
    if (m > 0)
        qsort(sorted, m, sizeof *sorted, by_p);
    for (size_t i = m; i-- > 0;) {
        q = fmin(q, sorted[i]->p * (double)m / (double)(i + 1));
        sorted[i]->q = q;
        sorted[i]->is_testable = true;
        sorted[i]->is_rejected = q <= rate;
    }
    free(sorted);
    return NJ_OK;
}
