/* cmd_help.c - nightjar help: the program, a command, or one of the tables behind it. */
#include "importers/importer.h"
#include "schema/conventions.h"
#include "tools/command.h"
#include "tools/manual.h"

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

static void
conventions_print(void)
{
    const char *concept = "";

    for (size_t i = 0; i < nj_conventions_len(); i++) {
        struct nj_convention_info row = nj_conventions_get(i);
        if (strcmp(row.concept, concept) != 0)
            (void)printf("%s%s, first that is there:\n", i ? "\n" : "", row.concept);
        concept = row.concept;
        (void)printf("  %-48s %-22s %s\n", row.key, row.dialect, row.note);
    }
}

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {
    {"formats", formats_print},
    {"conventions", conventions_print},
    {"diagnostics", diagnostics_print},
    {"completion", nj_completion_print},
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
    const char *name = settings->inputs[0];
    bool is_manual = strcmp(name, "manual") == 0;
    if (is_manual && settings->inputs_len == 1) {
        nj_manual_print(NULL);
        return NJ_OK;
    }
    if (is_manual)
        name = settings->inputs[1];
    const struct nj_command *command = nj_command_find(name);
    if (!command)
        return nj_fail(err, NJ_EUSAGE, "no command or topic '%s'", name);
    if (is_manual)
        nj_manual_print(command);
    else
        nj_command_help(command);
    return NJ_OK;
}

const struct nj_command nj_cmd_help = {
    .name = "help",
    .arguments =
        "[COMMAND | formats | conventions | diagnostics | manual [COMMAND] | completion]",
    .summary = "what a command does, with options and examples",
    .details = "Without a word: all commands. With the name of a command: its options and "
               "examples. formats: every input format. conventions: the attributes that are "
               "understood. diagnostics: every oddity that inputs and "
               "trees are checked for, with its meaning.",
    .examples = "nightjar help run\nnightjar help formats",
    .words_max = 2,
    .run = help_run,
};
