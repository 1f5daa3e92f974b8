/* manual.h - manual pages and shell completions, printed from the tables of commands and
 * options (floor 6). */
#ifndef NJ_TOOLS_MANUAL_H
#define NJ_TOOLS_MANUAL_H

#include "tools/command.h"

/* The page of a command, or of the program (NULL), in scdoc's language, on standard output. */
void nj_manual_print(const struct nj_command *command);
/* Completion of commands and options for bash, on standard output. */
void nj_completion_print(void);

#endif
