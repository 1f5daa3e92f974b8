/* value_json.h - attribute values as JSON (floor 1). */
#ifndef NJ_SCHEMA_VALUE_JSON_H
#define NJ_SCHEMA_VALUE_JSON_H

#include "base/jsonw.h"
#include "schema/value.h"

/* Writes one value: arrays as arrays, maps as objects in their order, bytes as base64, NaN and
 * infinities as null, what is nested deeper than NJ_VALUE_DEPTH_MAX as null. Nothing recurses. */
void nj_value_json(struct nj_jsonw *w, const struct nj_value *value);

#endif
