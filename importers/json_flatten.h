/* json_flatten.h - nested attributes as the flat ones they were (floor 3). */
#ifndef NJ_IMPORTERS_JSON_FLATTEN_H
#define NJ_IMPORTERS_JSON_FLATTEN_H

#include "importers/json_value.h"

/* Reads an object whose members' names are parts of keys: {"a": {"b": 1}, "c": [{"d": 2}]}
 * becomes a.b = 1 and c.0.d = 2. Lists of anything but objects, objects nested too deep, and
 * empty objects are values; null is nothing. A key that ends with one of `whole` (a list that
 * ends with NULL) is not looked into: it becomes JSON text. false: `json` has an error. Linear.
 */
bool nj_json_flatten(struct nj_json *json, const char *const *whole, struct nj_attr_list *into);

#endif
