/* cmd_help.c - nightjar help: the program, a command, or one of the tables behind it. */
#include "importers/importer.h"
#include "tools/command.h"

#include <stdio.h>

static void
formats_print(void)
{
    (void)printf("formats, recognised by content (gzip and zstd through all of them):\n");
    for (size_t i = 0; i < nj_importers_len; i++)
        (void)printf("  %-18s %s\n", nj_importers[i]->name, nj_importers[i]->summary);
}

static void
diagnostics_print(void)
{
    for (int i = 0; i < NJ_DIAGS_LEN; i++)
        (void)printf("%-24s %-8s %s\n", nj_diag_specs[i].id,
                     nj_severity_name(nj_diag_specs[i].severity), nj_diag_specs[i].help);
}

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {
    {"formats", formats_print},
    {"diagnostics", diagnostics_print},
};

static enum nj_status
help_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    if (settings->inputs_len == 0) {
        nj_command_help(NULL);
        return NJ_OK;
    }
    for (size_t i = 0; i < NJ_LEN(topics); i++) {
        if (strcmp(settings->inputs[0], topics[i].name) == 0) {
            topics[i].print();
            return NJ_OK;
        }
    }
    const struct nj_command *command = nj_command_find(settings->inputs[0]);
    if (!command)
        return nj_fail(err, NJ_EUSAGE, "no command or topic '%s'", settings->inputs[0]);
    nj_command_help(command);
    return NJ_OK;
}

const struct nj_command nj_cmd_help = {
    .name = "help",
    .arguments = "[COMMAND | formats | diagnostics]",
    .summary = "what a command does, with options and examples",
    .details =
        "Without a word: all commands. With the name of a command: its options and "
        "examples. formats: every input format. diagnostics: every oddity that inputs and "
        "trees are checked for, with its meaning.",
    .examples = "nightjar help run\nnightjar help formats",
    .words_max = 1,
    .run = help_run,
};
