/* fisher.h - exact comparison of two counts, and many such comparisons at once (floor 0). */
#ifndef NJ_BASE_FISHER_H
#define NJ_BASE_FISHER_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many of so many things had a property. */
struct nj_count {
    uint64_t k, n; /* k <= n */
};

/* One-sided exact test (Fisher 1935): the probability that at least now.k of the now.k +
 * before.k things with the property fall among the now.n, were it equally frequent in both. 1
 * where now.k is 0. Relative accuracy 1e-6 or better up to 1e8 things. */
double nj_fisher_more(struct nj_count before, struct nj_count now);

/* The smallest value that the test could give for as many things with the property in all. */
double nj_fisher_least(struct nj_count before, struct nj_count now);

/* One hypothesis of a family. */
struct nj_hypothesis {
    double p;
    double p_least; /* smallest value that p can take; 0 where p is continuous */
    /* results */
    double q; /* smallest false discovery rate at which it is rejected; 1 if untestable */
    bool is_testable, is_rejected;
};

/* Rejects with a false discovery rate of at most `rate` (Benjamini and Hochberg 1995).
 * Hypotheses that could not be rejected whatever happened leave the family first, so that rare
 * things do not hide frequent ones (Gilbert 2005, after Tarone 1990). NJ_ENOMEM. */
enum nj_status nj_discoveries_find(struct nj_hypothesis *family, size_t len, double rate,
                                   struct nj_error *err) NJ_CHECKED;

#endif
