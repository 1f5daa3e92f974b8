/* errors_print.h - the errors of one trace as JSON (floor 3). */
#ifndef NJ_ANALYZERS_ERRORS_PRINT_H
#define NJ_ANALYZERS_ERRORS_PRINT_H

#include "analyzers/errors_graph.h"
#include "base/jsonw.h"

/* One object, as `errors --per-trace` prints it. Lists are in the order of rank (origins), of
 * the ids of their ends (edges), of time (everything else). NJ_ENOMEM. */
enum nj_status nj_errors_print(const struct nj_errors *errors, bool is_redacted,
                               struct nj_jsonw *out, struct nj_error *err) NJ_CHECKED;

/* "agent|operation|type|template" of a node, into `buf`. */
void nj_error_fingerprint_put(const struct nj_errors *errors, uint32_t node,
                              struct nj_buf *buf);

#endif
