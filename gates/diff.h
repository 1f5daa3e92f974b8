/* diff.h - two results side by side (floor 4). */
#ifndef NJ_GATES_DIFF_H
#define NJ_GATES_DIFF_H

#include "schema/results.h"

/* Rate of false discoveries among what is called worse or better. */
#define NJ_DIFF_RATE 0.05

/* Compares every metric, every edge of the call graph and every kind of error of `before` with
 * `after`, and fills the tables changes and error_changes of `after`. Each by the test that
 * gates use for one accepted night, two-sided, without tolerance; all numbers are one family
 * (Benjamini and Hochberg at NJ_DIFF_RATE). What is certain comes first, worst first: by the
 * limit of the interval that is nearer to "no change", a percentage point counting as ten
 * percent. NJ_ENOMEM. */
enum nj_status nj_diff(struct nj_results *after, const struct nj_results *before,
                       struct nj_error *err) NJ_CHECKED;

#endif
