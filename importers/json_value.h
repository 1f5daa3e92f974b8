/* json_value.h - JSON as attributes (floor 3).
 *
 * All of these read the next value of a cursor; false means that the cursor has an error. What
 * has to be made goes into the cursor's arena. */
#ifndef NJ_IMPORTERS_JSON_VALUE_H
#define NJ_IMPORTERS_JSON_VALUE_H

#include "base/json.h"
#include "importers/draft.h"

/* Any value. Integers stay integers where int64 holds them; larger ones keep their digits as
 * text, all other numbers are doubles. Arrays and objects come in byte form; one that is nested
 * deeper than NJ_VALUE_DEPTH_MAX stays JSON text. */
bool nj_json_value(struct nj_json *json, struct nj_value *out);

/* null, or a list or object without elements: it says nothing. */
bool nj_value_is_empty(const struct nj_value *value);

/* Text as it is; null is empty; everything else as its JSON text. */
bool nj_json_any_text(struct nj_json *json, struct nj_slice *out);

/* The members of an object as attributes, `prefix` before each key. null is no members; any
 * other value becomes one attribute, called `prefix` without a dot at its end. */
bool nj_json_attrs(struct nj_json *json, const char *prefix, struct nj_attr_list *into);

/* A cursor over JSON inside a text, in the arena of `outer`. */
struct nj_json nj_json_inside(const struct nj_json *outer, struct nj_slice text);

/* `prefix` and `key` as one text in `arena`. */
struct nj_slice nj_key_join(struct nj_arena *arena, struct nj_slice prefix,
                            struct nj_slice key);

#endif
