/* manual.c - manual pages and shell completions, printed from the tables. */
#include "tools/manual.h"

#include <stdio.h>

/* scdoc gives a meaning to these characters. */
static void
escaped_print(const char *text)
{
    for (; *text; text++) {
        if (strchr("_*\\#<>`", *text))
            (void)putchar('\\');
        (void)putchar(*text);
    }
}

static void
heading_print(const char *name)
{
    (void)printf("%s(1)\n\n", name);
}

static void
exit_codes_print(void)
{
    (void)printf("# EXIT STATUS\n\n"
                 "*0*\n\tNothing red.\n\n"
                 "*1*\n\tA gate failed.\n\n"
                 "*2*\n\tWrong usage, or a wrong policy file.\n\n"
                 "*3*\n\tCould not judge: unreadable input, no traces, a required baseline is "
                 "missing, or "
                 "checks are due and not one could be judged.\n\n"
                 "*70*\n\tInternal error.\n\n");
}

static void
option_print(const struct nj_option *o)
{
    if (o->letter)
        (void)printf("*-%c*, ", o->letter);
    (void)printf("*--%s*", o->name);
    if (o->argument) {
        (void)printf(" _");
        for (const char *c = o->argument; *c; c++)
            (void)putchar(*c == '_' ? '-' : *c);
        (void)printf("_");
    }
    (void)printf("\n\t");
    escaped_print(o->help);
    (void)printf("\n\n");
}

static void
examples_print(const char *lines)
{
    (void)printf("# EXAMPLES\n\n```\n%s\n```\n\n", lines);
}

static void
command_print(const struct nj_command *command)
{
    char title[64];

    (void)snprintf(title, sizeof title, "nightjar-%s", command->name);
    heading_print(title);
    (void)printf("# NAME\n\n%s - ", title);
    escaped_print(command->summary);
    (void)printf("\n\n# SYNOPSIS\n\n*nightjar %s* ", command->name);
    escaped_print(command->arguments);
    (void)printf("\n\n# DESCRIPTION\n\n");
    escaped_print(command->details);
    (void)printf("\n\n# OPTIONS\n\n");
    for (size_t i = 0; i < nj_options_table_len; i++)
        if (nj_options_table[i].groups & (command->groups | NJ_GROUP_ALL))
            option_print(&nj_options_table[i]);
    if (command->examples)
        examples_print(command->examples);
    exit_codes_print();
    (void)printf("# SEE ALSO\n\n*nightjar*(1)\n");
}

static void
program_print(void)
{
    heading_print("nightjar");
    (void)printf(
        "# NAME\n\nnightjar - where stored traces of multi-agent systems spend time and "
        "fail\n\n"
        "# SYNOPSIS\n\n*nightjar* _COMMAND_ [_OPTION_...] [_INPUT_...]\n\n# DESCRIPTION\n\n"
        "Reads stored traces of systems of agents in any usual format and computes critical "
        "paths, "
        "latency percentiles, chains of errors and the bias of sampling; writes a report, "
        "JUnit XML, "
        "Markdown and JSON; and fails a build when traces have become worse.\n\n"
        "An _INPUT_ is a trace file (recognised by content; gzip and zstd are read as they "
        "are), a "
        "directory of them, a store, or *-* for standard input.\n\n# COMMANDS\n\n");
    for (size_t i = 0; i < nj_commands_len; i++) {
        (void)printf("*nightjar-%s*(1)\n\t", nj_commands[i]->name);
        escaped_print(nj_commands[i]->summary);
        (void)printf("\n\n");
    }
    exit_codes_print();
    (void)printf(
        "# ENVIRONMENT\n\n"
        "*TMPDIR*\n\tWhere temporary stores are made.\n\n"
        "*NO_COLOR*\n\tNo colours, also on a terminal.\n\n"
        "*GITHUB\\_STEP\\_SUMMARY*\n\tA file to which *nightjar run* appends its summary.\n");
}

void
nj_manual_print(const struct nj_command *command)
{
    if (command)
        command_print(command);
    else
        program_print();
}

void
nj_completion_print(void)
{
    (void)printf("# bash completion for nightjar\n_nightjar() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < nj_commands_len; i++)
        (void)printf("%s%s", i ? " " : "", nj_commands[i]->name);
    (void)printf("' -- \"$word\"))\n        return\n    fi\n    case $word in -*) ;; *) "
                 "COMPREPLY=($(compgen -f -- \"$word\")); return ;; esac\n"
                 "    case $command in\n");
    for (size_t i = 0; i < nj_commands_len; i++) {
        (void)printf("    %s) COMPREPLY=($(compgen -W '", nj_commands[i]->name);
        for (size_t k = 0; k < nj_options_table_len; k++)
            if (nj_options_table[k].groups & (nj_commands[i]->groups | NJ_GROUP_ALL))
                (void)printf("--%s ", nj_options_table[k].name);
        (void)printf("' -- \"$word\")) ;;\n");
    }
    (void)printf("    esac\n}\ncomplete -o default -F _nightjar nightjar\n");
}
