/* main.c - the program: finds the command, reads its options, runs it, ends with its code. */
#include "base/heap.h"
#include "tools/command.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
causes_print(const struct nj_error *err)
{
    for (size_t i = err->causes_len; i-- > 0;)
        (void)fprintf(stderr, "%s%s\n",
                      i + 1 == err->causes_len ? "nightjar: " : "  because: ", err->causes[i]);
}

int
nj_exit_of(enum nj_status status)
{
    switch (status) {
    case NJ_OK:
    case NJ_DONE:
        return NJ_EXIT_OK;
    case NJ_EUSAGE:
        return NJ_EXIT_USAGE;
    case NJ_EIO:
    case NJ_EFORMAT:
    case NJ_ESTORE:
    case NJ_ELIMIT:
        return NJ_EXIT_NO_JUDGE;
    case NJ_ENOMEM:
    case NJ_EBUG:
        break;
    }
    return NJ_EXIT_BUG;
}

/* Whether who read standard output has gone, as head(1) does when it has enough: no news. */
static bool
is_reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

static int
command_run(const struct nj_command *command, int argc, const char *const *argv)
{
    struct nj_error err = {0};
    struct nj_settings settings;
    int exit_code = NJ_EXIT_OK;
    const char **words = calloc((size_t)argc + 1, sizeof *words);

    if (!words)
        return NJ_EXIT_BUG;
    enum nj_status st = nj_settings_parse(&settings, argc, argv, command->groups, words, &err);
    if (st == NJ_OK && settings.wants_help) {
        nj_command_help(command);
    } else if (st == NJ_OK &&
               (settings.inputs_len < command->words_min ||
                (command->words_max && settings.inputs_len > command->words_max))) {
        st = nj_fail(&err, NJ_EUSAGE, "usage: nightjar %s %s", command->name,
                     command->arguments);
    } else if (st == NJ_OK) {
        st = command->run(&settings, &exit_code, &err);
    }
    if (st >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
        st = nj_fail(&err, NJ_EIO, "writing standard output failed");
    if (st < 0) {
        if (st != NJ_EIO || !is_reader_gone())
            causes_print(&err);
        if (st == NJ_EUSAGE)
            (void)fprintf(stderr, "try: nightjar help %s\n", command->name);
        exit_code = nj_exit_of(st);
    }
    free(words);
    return exit_code;
}

int
main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    nj_heap_prepare();
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, not a silent end */
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        (void)printf("nightjar " NJ_VERSION "\n");
        return NJ_EXIT_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct nj_command *command = nj_command_find(name);
    if (!command) {
        (void)fprintf(stderr, "nightjar: no command '%s'\ntry: nightjar help\n", name);
        return NJ_EXIT_USAGE;
    }
    return command_run(command, argc > 1 ? argc - 1 : 1,
                       (const char *const *)(argc > 1 ? argv + 1 : argv));
}
