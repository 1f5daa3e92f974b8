/* progress.h - how far long work is, on standard error (floor 6).
 *
 * A bar on a terminal once the work takes over a second; a plain line every ten seconds
 * elsewhere; nothing with --quiet. */
#ifndef NJ_TOOLS_PROGRESS_H
#define NJ_TOOLS_PROGRESS_H

#include "base/slice.h"

#include <stdint.h>

struct nj_bar {
    const char *what; /* "importing" */
    const char *unit; /* of done and all: "bytes" or "traces" */
    bool is_quiet, is_terminal, was_shown;
    int64_t start_ns, last_ns;
};

void nj_bar_start(struct nj_bar *bar, const char *what, const char *unit, bool is_quiet);
/* May be called as often as one likes; `all` 0: not known. */
void nj_bar_tell(struct nj_bar *bar, uint64_t done, uint64_t all, uint64_t spans);
/* Takes the bar away. */
void nj_bar_end(struct nj_bar *bar);

#endif
