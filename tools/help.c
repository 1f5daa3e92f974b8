/* help.c - help texts, printed from the tables of commands and options. */
#include "tools/command.h"

#include <stdio.h>

enum { COLUMN = 28, WIDTH = 92 };

/* Prints `text` with lines of at most WIDTH, each behind `indent` blanks; `at` is where the
 * first line already stands. */
static void
wrapped_print(const char *text, int indent, int at)
{
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (at > indent && at + 1 + (int)word > WIDTH) {
            (void)printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            (void)printf(" ");
            at++;
        }
        (void)printf("%.*s", (int)word, text);
        at += (int)word;
        text += word;
        if (*text == '\n') {
            (void)printf("\n%*s", indent, "");
            at = indent;
        }
        text += *text != '\0';
    }
    (void)printf("\n");
}

static void
option_print(const struct nj_option *o)
{
    char left[64];
    int n = snprintf(left, sizeof left, "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
                     o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
                     o->argument ? " " : "", o->argument ? o->argument : "");

    (void)printf("%s", left);
    if (n >= COLUMN - 1)
        (void)printf("\n%*s", COLUMN, "");
    else
        (void)printf("%*s", COLUMN - n, "");
    wrapped_print(o->help, COLUMN, COLUMN);
}

static void
program_help(void)
{
    (void)printf(
        "nightjar " NJ_VERSION " - stored traces of multi-agent systems in, truth out\n\n"
        "usage: nightjar COMMAND [OPTION...] [INPUT...]\n\n"
        "An INPUT is a trace file of any supported format (recognised by content; gzip and\n"
        "zstd are read as they are), a directory of them, a nightjar store, or - for\n"
        "standard input.\n\ncommands:\n");
    for (size_t i = 0; i < nj_commands_len; i++)
        (void)printf("  %-15s %s\n", nj_commands[i]->name, nj_commands[i]->summary);
    (void)printf(
        "\nfirst steps:\n"
        "  nightjar info traces.jsonl            what is in the file\n"
        "  nightjar run traces.jsonl             report, JUnit XML and verdict\n"
        "  nightjar help COMMAND                 options and examples\n\n"
        "exit codes: 0 nothing red, 1 a gate failed, 2 wrong usage or policy file,\n"
        "3 could not judge (unreadable input, no traces, no baseline), 70 internal error\n");
}

void
nj_command_help(const struct nj_command *command)
{
    if (!command) {
        program_help();
        return;
    }
    (void)printf("usage: nightjar %s %s\n\n", command->name, command->arguments);
    wrapped_print(command->details, 0, 0);
    (void)printf("\noptions:\n");
    for (size_t i = 0; i < nj_options_table_len; i++)
        if (nj_options_table[i].groups & (command->groups | NJ_GROUP_ALL))
            option_print(&nj_options_table[i]);
    if (command->examples)
        (void)printf("\nexamples:\n");
    for (const char *line = command->examples; line && *line;) {
        size_t len = strcspn(line, "\n");
        (void)printf("  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}
