/* glob.h - names against patterns with * and ? (floor 0). */
#ifndef NJ_BASE_GLOB_H
#define NJ_BASE_GLOB_H

#include "base/slice.h"

#include <stdint.h>

/* Whether the whole of `text` matches; a backslash takes the next character as it is. Linear in
 * the product of lengths at worst, never exponential. */
bool nj_glob_match(struct nj_slice pattern, struct nj_slice text);

#endif
