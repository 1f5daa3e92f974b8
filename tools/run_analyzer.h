/* run_analyzer.h - what the commands of one analyzer have in common (floor 6). */
#ifndef NJ_TOOLS_RUN_ANALYZER_H
#define NJ_TOOLS_RUN_ANALYZER_H

#include "tools/command.h"

/* Reads the inputs, runs the analyzer `name` over them and prints its view; with --per-trace
 * one JSON object a trace. */
enum nj_status nj_run_analyzer(const struct nj_settings *settings, const char *name,
                               struct nj_error *err) NJ_CHECKED;

#endif
