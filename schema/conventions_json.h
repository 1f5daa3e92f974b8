/* conventions_json.h - attribute values that are JSON, or that hold what JSON would (floor 1).
 */
#ifndef NJ_SCHEMA_CONVENTIONS_JSON_H
#define NJ_SCHEMA_CONVENTIONS_JSON_H

#include "base/json.h"
#include "schema/conventions_engine.h"

/* JSON text of a value: text as it stands, arrays and maps written out; empty otherwise. Lives
 * until the span has been read. */
struct nj_slice nj_conventions_json(struct nj_conventions *c, const struct nj_value *value);

/* The next value if it is a string, number or boolean; otherwise false, and it is skipped. */
bool nj_conventions_scalar(struct nj_json *json, struct nj_value *out);

/* Whether one of the words stands anywhere in the text: a quick look before text is parsed. */
bool nj_text_has(struct nj_slice text, const char *const *words, size_t len);

#endif
