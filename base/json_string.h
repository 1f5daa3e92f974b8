/* json_string.h - strings of JSON text, for the cursor and the walker alone (floor 0). */
#ifndef NJ_BASE_JSON_STRING_H
#define NJ_BASE_JSON_STRING_H

#include "base/json.h"

/* Notes that `what` was expected at `at`; false, for `return`. */
bool nj_json_expected(struct nj_json *json, const char *at, const char *what);

/* The rest of a string whose opening quote has been read, unescaped. */
bool nj_json_string_rest(struct nj_json *json, struct nj_slice *out);
/* Past the rest of a string, checked but not unescaped. */
bool nj_json_string_pass(struct nj_json *json);

#endif
