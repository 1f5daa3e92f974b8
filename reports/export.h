/* export.h - the merged call tree and the call graph in other tools' formats: one file a
 * format, one line in exports.def (floor 5). */
#ifndef NJ_REPORTS_EXPORT_H
#define NJ_REPORTS_EXPORT_H

#include "base/buf.h"
#include "schema/results.h"

struct nj_export {
    const char *name;    /* as in --to */
    const char *summary; /* one line */
    /* Appends the whole file. `by` chooses the width: wall, self, critical or tokens. */
    void (*write)(const struct nj_results *results, const char *by, struct nj_buf *out);
};

extern const struct nj_export *const nj_exports[];
extern const size_t nj_exports_len;
const struct nj_export *nj_export_find(const char *name);

/* Own width of a frame of table call_tree in variant `by`; all own widths sum to the total. */
int64_t nj_frame_own(const struct nj_table *tree, size_t row, const char *by);
/* "agent;operation" of a frame as one text, without characters that `forbidden` names. */
void nj_frame_name(struct nj_buf *out, const struct nj_table *tree, size_t row,
                   const char *forbidden);

#endif
