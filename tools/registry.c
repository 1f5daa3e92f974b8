/* registry.c - all commands. */
#include "tools/command.h"

#define NJ_COMMAND(id) extern const struct nj_command nj_cmd_##id;
#include "tools/registry.def"
#undef NJ_COMMAND

#define NJ_COMMAND(id) &nj_cmd_##id,
const struct nj_command *const nj_commands[] = {
#include "tools/registry.def"
};
#undef NJ_COMMAND

const size_t nj_commands_len = NJ_LEN(nj_commands);

const struct nj_command *
nj_command_find(const char *name)
{
    for (size_t i = 0; i < nj_commands_len; i++)
        if (strcmp(nj_commands[i]->name, name) == 0)
            return nj_commands[i];
    return NULL;
}
