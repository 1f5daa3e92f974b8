/* operation.h - names of spans without what changes from run to run (floor 1). */
#ifndef NJ_SCHEMA_OPERATION_H
#define NJ_SCHEMA_OPERATION_H

#include "base/buf.h"

/* Appends `name` to `out` with run ids and numbers masked by '#', so that "Step 7" and "Step
 * 8", or "agent.f9f77d1a-…" of two runs, are one operation. Masked are UUIDs, times of day, hex
 * of 8 and more digits, long mixes of letters and digits, and numbers that stand alone; digits
 * inside a word ("gpt-4o", "v2") stay, and so does every occurrence of `keep`, the name of the
 * model. Returns whether anything was masked. Linear. */
bool nj_operation_write(struct nj_buf *out, struct nj_slice name, struct nj_slice keep);

/* Whether the whole text is such an id, alone or after one word and a dot, dash or underscore.
 */
bool nj_text_is_id(struct nj_slice text);

#endif
