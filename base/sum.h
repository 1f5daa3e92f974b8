/* sum.h - adding floating-point numbers without losing the small ones (floor 0). */
#ifndef NJ_BASE_SUM_H
#define NJ_BASE_SUM_H

#include <math.h>

/* `= {0}` is an empty sum. The error does not grow with the number of terms (Neumaier 1974). */
struct nj_sum {
    double high, low;
};

static inline void
nj_sum_add(struct nj_sum *sum, double value)
{
    double high = sum->high + value;

    if (fabs(sum->high) >= fabs(value))
        sum->low += (sum->high - high) + value;
    else
        sum->low += (value - high) + sum->high;
    sum->high = high;
}

static inline double
nj_sum_of(const struct nj_sum *sum)
{
    return sum->high + sum->low;
}

#endif
