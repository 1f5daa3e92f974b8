/* provenance.h - which version ran, on what, with which options, where, and what it cost
 * (floor 6). */
#ifndef NJ_TOOLS_PROVENANCE_H
#define NJ_TOOLS_PROVENANCE_H

#include "schema/results.h"
#include "tools/settings.h"

/* Fills table provenance. Rows of machine, time and cost are marked as volatile; with --now
 * they are pinned or left out, so that equal inputs give equal bytes. */
void nj_provenance_put(const struct nj_settings *settings, const char *command,
                       int64_t started_ns, struct nj_results *results);

#endif
