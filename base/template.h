/* template.h - error messages with their variable parts masked, so that the same error is the
 * same text (floor 0). */
#ifndef NJ_BASE_TEMPLATE_H
#define NJ_BASE_TEMPLATE_H

#include "base/slice.h"

enum { NJ_TEMPLATE_IN = 512, NJ_TEMPLATE_OUT = 256 };

/* Writes the template of the first line of `message` (its first NJ_TEMPLATE_IN bytes) to `out`,
 * at most NJ_TEMPLATE_OUT bytes, not NUL-terminated, and returns the length. One scan from left
 * to right; at each place the first of these that fits is masked: <url> <mail> <uuid> <time>
 * <text> (quoted) <object> ({...}) <list> ([...] with values in it) <path> <ip> <hex> <id>
 * (letters and digits mixed) <n>. Blanks run together. A line does not end inside of what is
 * quoted or bracketed, so code in a message does not hide what follows it. */
size_t nj_template_make(char out[NJ_TEMPLATE_OUT], struct nj_slice message);

#endif
