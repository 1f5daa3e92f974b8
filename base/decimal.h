/* decimal.h - decimal numbers to scaled integers, exactly (floor 0). A double holds 53 bits;
 * the microseconds of today with a fraction need more. */
#ifndef NJ_BASE_DECIMAL_H
#define NJ_BASE_DECIMAL_H

#include "base/slice.h"

#include <stdint.h>

/* The number in `text` ("-12.5e3", as JSON writes it) times 10^scale (0 to 18), rounded half
 * away from zero. false: not such a number, or the result is beyond int64. */
bool nj_decimal_parse(struct nj_slice text, int scale, int64_t *out);

#endif
