/* sampling_values.h - the estimators on a table of values instead of traces: a check of the
 * numbers without anything of traces around them (floor 3). */
#ifndef NJ_ANALYZERS_SAMPLING_VALUES_H
#define NJ_ANALYZERS_SAMPLING_VALUES_H

#include "schema/results.h"

/* Reads a CSV file ("-": standard input) with a header that names columns trace_id (rows of one
 * are one sampling unit), value, weight (>= 0) and, if there is one, err (0 or 1); other
 * columns are passed over. Columns stratum and population, the number of traces of the stratum
 * that happened, take the place of weight. Fills one row of table sampling and rows of
 * sampling_rows with the process variance, agent '*'. NJ_EFORMAT names file, line and what was
 * expected; NJ_EIO, NJ_ENOMEM. */
enum nj_status nj_sampling_values(const char *path, struct nj_results *results,
                                  struct nj_error *err) NJ_CHECKED;

#endif
