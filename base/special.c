/* special.c - gamma, beta, normal, t and chi-squared functions. */
#include "base/special.h"

#include "base/status.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define LOG_SQRT_2PI 0.918938533204672741780329736406
#define STEPS_MAX    1000000 /* of series and fractions; they need about 10 sqrt(a) */
#define ROOT_MAX     2000    /* of root finding; bisection alone needs about 1100 */
#define LARGE_SHAPE  1e7

/* What Stirling's formula leaves out: ln Gamma(x) - (x - 1/2) ln x + x - ln sqrt(2 pi). */
static double
stirling_rest(double x)
{
    /* B_2k / (2k (2k - 1)), Bernoulli numbers. */
    static const double coefficients[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                          1.0 / 1188, -691.0 / 360360, 1.0 / 156};
    double square = 1 / (x * x), sum = 0;

    if (x < 15)
        return nj_log_gamma(x) - (x - 0.5) * log(x) + x - LOG_SQRT_2PI;
    for (size_t i = NJ_LEN(coefficients); i-- > 0;)
        sum = sum * square + coefficients[i];
    return sum / x;
}

double
nj_log_gamma(double x)
{
    double product = 1;

    if (!(x > 0))
        return (double)NAN;
    /* Gamma(x) = Gamma(x + k) / (x (x + 1) … (x + k - 1)) */
    while (x < 15)
        product *= x++;
    return (x - 0.5) * log(x) - x + LOG_SQRT_2PI + stirling_rest(x) - log(product);
}

/* a ln(a / b) + b - a without cancellation (Loader 2000); `gap` is a - b, as exact as can be.
 */
static double
deviance(double a, double b, double gap)
{
    if (!(fabs(gap) < 0.1 * (a + b)))
        return a * log(a / b) - gap;
    double v = gap / (a + b), sum = gap * v, term = 2 * a * v;
    for (int i = 3; i < 1000; i += 2) {
        term *= v * v;
        double next = sum + term / i;
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* x^a e^-x / Gamma(a + 1). */
static double
gamma_factor(double a, double x)
{
    return exp(-deviance(a, x, a - x) - stirling_rest(a)) / sqrt(a) * exp(-LOG_SQRT_2PI);
}

static double
gamma_series(double a, double x)
{
    double sum = 1, term = 1;

    for (int i = 1; i < STEPS_MAX && term > sum * DBL_EPSILON / 4; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return gamma_factor(a, x) * sum;
}

/* Modified Lentz method (Thompson and Barnett 1986). */
static double
gamma_fraction(double a, double x)
{
    const double tiny = DBL_MIN / DBL_EPSILON;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;

    for (int i = 1; i < STEPS_MAX; i++) {
        double numerator = -i * (i - a);
        b += 2;
        d = numerator * d + b;
        c = b + numerator / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON)
            break;
    }
    return gamma_factor(a, x) * a * h;
}

double
nj_gamma_lower(double a, double x)
{
    if (!(a > 0) || !(x >= 0))
        return (double)NAN;
    if (x == 0)
        return 0;
    if (isinf(x))
        return 1;
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double
nj_gamma_upper(double a, double x)
{
    if (!(a > 0) || !(x >= 0))
        return (double)NAN;
    if (x == 0)
        return 1;
    if (isinf(x))
        return 0;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

/* Goldberg and Levine (1946): quantile of chi-squared with 2a degrees of freedom, halved. */
static double
gamma_expansion(double z, double a)
{
    double z2 = z * z, df = 2 * a;

    return (df + sqrt(2 * df) * z + 2 * (z2 - 1) / 3 + z * (z2 - 7) / (9 * sqrt(2 * df)) -
            ((6 * z2 + 14) * z2 - 32) / (405 * df)) /
           2;
}

/* A first guess: Wilson and Hilferty (1931), and the leading term of the series near 0. */
static double
gamma_guess(double p, double a)
{
    double z = nj_normal_quantile(p);
    double root = 1 - 1 / (9 * a) + z / (3 * sqrt(a));
    double guess = root > 0 ? a * root * root * root : 0;

    if (a < 1 || guess < 0.1 * a)
        guess = exp((log(p) + nj_log_gamma(a + 1)) / a);
    return guess > 0 ? guess : DBL_MIN;
}

/* Between two positive numbers: the geometric mean while they are far apart. */
static double
middle(double lo, double hi)
{
    if (lo > 0 && hi / lo < 4)
        return lo + (hi - lo) / 2;
    return sqrt(lo > 0 ? lo : DBL_MIN) * sqrt(hi);
}

/* A root of an increasing function of x > 0 that is being closed in on. */
struct root {
    double x, lo, hi;
    double step; /* size of the last one */
};

/* One Halley step, kept inside the bracket: `rest` is the function at x, `slope` its
 * derivative, `bend` that of the slope over the slope. true: x is the root, as near as rounding
 * allows. */
static bool
root_step(struct root *r, double rest, double slope, double bend)
{
    double newton = rest / slope;
    double next = r->x - newton / (1 - 0.5 * fmin(1, newton * bend));
    double step = fabs(next - r->x);
    bool is_noise = step < 1e-9 * r->x && step >= r->step / 2;

    if (rest == 0)
        return true;
    if (rest > 0)
        r->hi = r->x;
    else
        r->lo = r->x;
    r->step = step;
    if (step <= 2 * DBL_EPSILON * r->x || is_noise) {
        r->x = next;
        return true;
    }
    if (next > r->lo && next < r->hi)
        r->x = next;
    else
        r->x = r->hi == DBL_MAX ? r->x * 2 : middle(r->lo, r->hi);
    return false;
}

double
nj_gamma_quantile(double p, double a)
{
    if (!(a > 0) || !(p >= 0 && p <= 1))
        return (double)NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : (double)INFINITY;
    if (a > LARGE_SHAPE)
        return gamma_expansion(nj_normal_quantile(p), a);

    struct root root = {gamma_guess(p, a), 0, DBL_MAX, DBL_MAX};
    for (int i = 0; i < ROOT_MAX; i++) {
        double x = root.x;
        /* the smaller tail keeps its relative accuracy */
        double rest = p < 0.5 ? nj_gamma_lower(a, x) - p : (1 - p) - nj_gamma_upper(a, x);
        if (root_step(&root, rest, gamma_factor(a, x) * a / x, (a - 1) / x - 1))
            break;
    }
    return root.x;
}

/* x^a (1 - x)^b / B(a, b); y = 1 - x. */
static double
beta_factor(double x, double y, double a, double b)
{
    double n = a + b, gap = x < y ? a - n * x : n * y - b;
    double rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);

    return exp(rest - deviance(a, n * x, gap) - deviance(b, n * y, -gap) - LOG_SQRT_2PI) *
           sqrt(a / n) * sqrt(b);
}

static double
beta_fraction(double x, double a, double b)
{
    const double tiny = DBL_MIN / DBL_EPSILON;
    double c = 1, d = 1 - (a + b) * x / (a + 1);

    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < STEPS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double factor = 1;
        const double numerators[] = {even, odd};
        for (size_t i = 0; i < NJ_LEN(numerators); i++) {
            d = 1 + numerators[i] * d;
            c = 1 + numerators[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            factor = d * c;
            h *= factor;
        }
        if (fabs(factor - 1) < DBL_EPSILON)
            break;
    }
    return h;
}

/* I_x(a, b); y = 1 - x. The fraction converges quickly below the mean. */
static double
beta_direct(double x, double y, double a, double b)
{
    return beta_factor(x, y, a, b) * beta_fraction(x, a, b) / a;
}

/* I_x(a, b), or its complement where that is asked for. A small result is never the difference
 * of two large ones, but for x next to 1, where the fraction would take too long. */
static double
beta_tail(double x, double y, double a, double b, bool is_upper)
{
    bool is_mirrored = x > (a + 1) / (a + b + 2);
    double part = is_mirrored ? beta_direct(y, x, b, a) : beta_direct(x, y, a, b);

    if (is_mirrored == is_upper)
        return part;
    if (part < 0.9 || fmin(x, y) < 1e-3)
        return 1 - part;
    return is_mirrored ? beta_direct(x, y, a, b) : beta_direct(y, x, b, a);
}

double
nj_beta_lower(double x, double a, double b)
{
    if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1))
        return (double)NAN;
    return x == 0 || x == 1 ? x : beta_tail(x, 1 - x, a, b, false);
}

/* Abramowitz and Stegun 26.5.22, or the leading term near 0 for small shapes. */
static double
beta_guess(double p, double a, double b)
{
    if (a <= 1 || b <= 1) {
        double log_beta = nj_log_gamma(a) + nj_log_gamma(b) - nj_log_gamma(a + b);
        double guess = exp((log(p * a) + log_beta) / a);
        return guess > 0 && guess < 1 ? guess : a / (a + b);
    }
    double z = nj_normal_quantile(1 - p), l = (z * z - 3) / 6;
    double ra = 1 / (2 * a - 1), rb = 1 / (2 * b - 1), h = 2 / (ra + rb);
    double w = z * sqrt(h + l) / h - (rb - ra) * (l + 5.0 / 6 - 2 / (3 * h));
    double guess = a / (a + b * exp(2 * w));
    return guess > 0 && guess < 1 ? guess : a / (a + b);
}

double
nj_beta_quantile(double p, double a, double b)
{
    if (!(a > 0) || !(b > 0) || !(p >= 0 && p <= 1))
        return (double)NAN;
    if (p == 0 || p == 1)
        return p;
    /* near 1 the complement is the accurate one */
    if (nj_beta_lower(0.5, a, b) < p)
        return 1 - nj_beta_quantile(1 - p, b, a);

    struct root root = {beta_guess(p, a, b), 0, 1, DBL_MAX};
    for (int i = 0; i < ROOT_MAX; i++) {
        double x = root.x, y = 1 - x;
        double rest =
            p < 0.5 ? beta_tail(x, y, a, b, false) - p : (1 - p) - beta_tail(x, y, a, b, true);
        if (root_step(&root, rest, beta_factor(x, y, a, b) / (x * y),
                      (a - 1) / x - (b - 1) / y))
            break;
    }
    return root.x;
}

double
nj_normal_cdf(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

double
nj_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return (double)NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -(double)INFINITY : (double)INFINITY;
    if (p == 0.5)
        return 0;
    if (p > 0.5)
        return -nj_normal_quantile(1 - p);

    /* Abramowitz and Stegun 26.2.23 to three digits, then Halley steps on the logarithm, which
     * treats a tail of 1e-300 like any other. */
    double t = sqrt(-2 * log(p));
    double x = (2.515517 + t * (0.802853 + t * 0.010328)) /
                   (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
               t;
    for (int i = 0; i < 4; i++) {
        double tail = nj_normal_cdf(x);
        double slope = exp(-x * x / 2 - LOG_SQRT_2PI);
        double step = log(tail / p) * tail / slope;
        x -= step / (1 - 0.5 * step * (-x - slope / tail));
    }
    return x;
}

double
nj_t_quantile(double p, double df)
{
    if (!(df > 0) || !(p >= 0 && p <= 1))
        return (double)NAN;
    if (p == 0.5)
        return 0;
    if (p < 0.5)
        return -nj_t_quantile(1 - p, df);

    /* t^2 / (df + t^2) is Beta(1/2, df/2); its complement serves the far tail. */
    double tail = 2 * (1 - p), y = nj_beta_quantile(1 - tail, 0.5, df / 2);
    if (y < 0.5)
        return sqrt(df * y / (1 - y));
    double x = nj_beta_quantile(tail, df / 2, 0.5);
    return sqrt(df * (1 - x) / x);
}

double
nj_chi2_quantile(double p, double df)
{
    return 2 * nj_gamma_quantile(p, df / 2);
}

double
nj_kolmogorov_upper(double d, double n)
{
    double root = sqrt(n), x = (root + 0.12 + 0.11 / root) * d, sum = 0;

    if (!(n > 0) || !(d >= 0))
        return (double)NAN;
    if (x < 0.2) /* the series converges slowly where the result is 1 to 12 digits */
        return 1;
    for (int k = 1; k < 200; k++) {
        double term = 2 * exp(-2.0 * k * k * x * x);
        sum += k % 2 ? term : -term;
        if (term < DBL_EPSILON * fabs(sum))
            break;
    }
    return fmin(1, fmax(0, sum));
}
