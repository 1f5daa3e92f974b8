/* waterfall.h - a chosen trace as a figure: spans as bars, the critical path underlined, what
 * error caused what as arrows (floor 5). */
#ifndef NJ_REPORTS_WATERFALL_H
#define NJ_REPORTS_WATERFALL_H

#include "reports/page.h"

/* Writes row `exemplar` of table exemplars. */
void nj_page_waterfall(const struct nj_page *page, struct nj_html *h, size_t exemplar);

/* Whether the row was chosen for its chain of errors. */
bool nj_page_waterfall_is_chain(const struct nj_page *page, size_t exemplar);

/* "recorded", "consistent with the records", "possible": how sure a cause is, from A, B, C. */
const char *nj_page_confidence(struct nj_slice conf);

#endif
