/* path_rows.h - from sums of critical time to tables (floor 3). */
#ifndef NJ_ANALYZERS_PATH_ROWS_H
#define NJ_ANALYZERS_PATH_ROWS_H

#include "analyzers/path_totals.h"

/* Of every division the largest keys have a row of their own; all others share "(other)". */
enum { NJ_PATH_ROWS_MAX = 1000 };

/* Fills tables critical_path, critical_path_total, critical_path_cohorts and what_if, and adds
 * critical_path_share to metrics. The totals are complete and can only be released afterwards.
 * Scope trace is left out where it says the same as scope root. */
enum nj_status nj_path_rows_put(struct nj_path_totals *totals, struct nj_run *run,
                                struct nj_results *results) NJ_CHECKED;

#endif
