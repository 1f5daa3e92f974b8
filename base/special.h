/* special.h - the functions behind intervals: gamma, beta, normal, t and chi-squared (floor 0).
 *
 * Relative accuracy is 1e-12 or better wherever the result is not denormal, for parameters up
 * to 1e8. Arguments outside the domain give NaN. All are pure and may be called by any thread.
 */
#ifndef NJ_BASE_SPECIAL_H
#define NJ_BASE_SPECIAL_H

/* ln Gamma(x), x > 0. Absolute accuracy 1e-13 near its zeros at 1 and 2. */
double nj_log_gamma(double x);

/* Regularised incomplete gamma functions of shape a > 0 at x >= 0: the lower P(a, x) and the
 * upper Q(a, x) = 1 - P. Power series below a + 1, continued fraction above (DLMF 8.11, 8.9);
 * the common factor as in Loader (2000), so that large shapes lose nothing. */
double nj_gamma_lower(double a, double x);
double nj_gamma_upper(double a, double x);
/* The x with P(a, x) = p, 0 <= p <= 1. Newton steps kept inside a bracket; beyond a shape of
 * 1e7 the Cornish-Fisher expansion of Goldberg and Levine (1946). */
double nj_gamma_quantile(double p, double a);

/* Regularised incomplete beta function I_x(a, b), a and b > 0, 0 <= x <= 1 (DLMF 8.17.22). */
double nj_beta_lower(double x, double a, double b);
/* The x with I_x(a, b) = p, 0 <= p <= 1. */
double nj_beta_quantile(double p, double a, double b);

double nj_normal_cdf(double x);
double nj_normal_quantile(double p);
/* Student's t with df > 0 degrees of freedom, chi-squared with df > 0. */
double nj_t_quantile(double p, double df);
double nj_chi2_quantile(double p, double df);

/* P(D > d) for the largest distance d between an empirical distribution of n values and the
 * true one (Kolmogorov 1933, with the correction for finite n of Stephens 1970). */
double nj_kolmogorov_upper(double d, double n);

#endif
