/* chrome.h - a trace as Chrome trace events, for Perfetto and chrome://tracing (floor 6). */
#ifndef NJ_TOOLS_CHROME_H
#define NJ_TOOLS_CHROME_H

#include "analyzers/analyzer.h"

/* Appends the events of one trace, a comma before each but the very first. The trace is a
 * process of its own; spans that overlap without nesting stand on different threads, and where
 * more than 64 would be needed, as asynchronous events. */
enum nj_status nj_chrome_trace(struct nj_run *run, const struct nj_trace *trace, bool is_first,
                               struct nj_buf *out) NJ_CHECKED;

#endif
