/* command.h - the contract of a command: one file, one line in registry.def (floor 6). */
#ifndef NJ_TOOLS_COMMAND_H
#define NJ_TOOLS_COMMAND_H

#include "tools/settings.h"

enum nj_exit {
    NJ_EXIT_OK = 0,       /* nothing red */
    NJ_EXIT_RED = 1,      /* a gate failed */
    NJ_EXIT_USAGE = 2,    /* wrong usage, or a wrong policy file */
    NJ_EXIT_NO_JUDGE = 3, /* could not judge */
    NJ_EXIT_BUG = 70,     /* internal error */
};

struct nj_command {
    const char *name;
    const char *arguments;       /* "INPUT… [-o DIR]" for the usage line */
    const char *summary;         /* one line */
    const char *details;         /* paragraphs for --help and the manual page */
    const char *examples;        /* lines of commands, newline between; NULL: none */
    unsigned groups;             /* enum nj_option_group: options it takes */
    size_t words_min, words_max; /* how many words besides options; max 0: any number */
    /* Prints results on standard output. A status below 0 is reported with its causes and
     * turned into an exit code; *exit_code is NJ_EXIT_OK before the call. */
    enum nj_status (*run)(const struct nj_settings *settings, int *exit_code,
                          struct nj_error *err);
};

extern const struct nj_command *const nj_commands[];
extern const size_t nj_commands_len;
const struct nj_command *nj_command_find(const char *name);

/* Prints usage, details, options and examples of a command, or of the program (NULL). */
void nj_command_help(const struct nj_command *command);

/* How a failure ends the program. */
int nj_exit_of(enum nj_status status);

#endif
