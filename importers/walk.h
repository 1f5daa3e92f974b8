/* walk.h - the regular files below a directory (floor 3). */
#ifndef NJ_IMPORTERS_WALK_H
#define NJ_IMPORTERS_WALK_H

#include "base/arena.h"
#include "base/status.h"

/* Paths, NUL-terminated, in the arena they were found with. */
struct nj_paths {
    const char **list; /* release with free() */
    size_t len, cap;
};

/* All regular files below `root`, sorted bytewise; hidden files and folders, links to folders,
 * and the logs that SQLite keeps beside its files are left out. NJ_EIO names the folder. */
enum nj_status nj_walk(struct nj_paths *out, const char *root, struct nj_arena *arena,
                       struct nj_error *err) NJ_CHECKED;

#endif
