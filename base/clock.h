/* clock.h - times and durations as text and back (floor 0). All times are UTC nanoseconds since
 * 1970, all durations nanoseconds. */
#ifndef NJ_BASE_CLOCK_H
#define NJ_BASE_CLOCK_H

#include "base/slice.h"

#include <stdint.h>

/* Now, from the system. */
int64_t nj_clock_now_ns(void);
/* A clock that only goes forward, for measuring. */
int64_t nj_clock_monotonic_ns(void);

/* ISO 8601 with a space or T, fraction of any length (cut to nanoseconds), zone Z, ±hh:mm,
 * ±hhmm or none (UTC); or a date alone; or a number of seconds, milliseconds, microseconds or
 * nanoseconds since 1970, told apart by size. false: none of these. */
bool nj_time_parse(struct nj_slice text, int64_t *out_ns);

enum { NJ_TIME_TEXT = 40, NJ_DURATION_TEXT = 32 };
/* "2026-11-23T14:32:00.123456789Z"; the fraction has 0, 3, 6 or 9 digits as needed. */
void nj_time_print(char out[NJ_TIME_TEXT], int64_t time_ns);
/* "2026-11-23T14:32:00", as JUnit wants it. */
void nj_time_print_seconds(char out[NJ_TIME_TEXT], int64_t time_ns);

/* "20s", "1.5 ms", "250us", "250µs", "2m", "1h", "10ns". false: not a duration. */
bool nj_duration_parse(struct nj_slice text, int64_t *out_ns);
/* Three significant digits and a unit: "8.12 s", "130 ms", "1.5 h", "0 ns". */
void nj_duration_print(char out[NJ_DURATION_TEXT], double ns);

#endif
