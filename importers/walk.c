/* walk.c - the regular files below a directory. */
#include "importers/walk.h"

#include "base/grow.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
path_add(struct nj_paths *paths, const char *path)
{
    const char **list = nj_grow(paths->list, paths->len, &paths->cap, sizeof *list);

    if (!list)
        return false;
    paths->list = list;
    list[paths->len++] = path;
    return true;
}

static const char *
path_join(struct nj_arena *arena, const char *folder, const char *name)
{
    size_t folder_len = strlen(folder), name_len = strlen(name);
    bool has_slash = folder_len > 0 && folder[folder_len - 1] == '/';
    char *path = nj_arena_alloc(arena, folder_len + name_len + 2, 1);

    if (!path)
        return NULL;
    memcpy(path, folder, folder_len);
    path[folder_len] = '/';
    memcpy(path + folder_len + !has_slash, name, name_len + 1);
    return path;
}

/* Sorts one entry of a folder into files or folders still to walk. */
static bool
entry_take(struct nj_paths *files, struct nj_paths *folders, const char *path)
{
    struct stat info;

    if (lstat(path, &info) != 0)
        return true; /* gone since the folder was listed */
    if (S_ISDIR(info.st_mode))
        return path_add(folders, path);
    if (S_ISLNK(info.st_mode) && stat(path, &info) != 0)
        return true;
    return !S_ISREG(info.st_mode) || path_add(files, path);
}

static enum nj_status
folder_walk(struct nj_paths *files, struct nj_paths *folders, const char *folder,
            struct nj_arena *arena, struct nj_error *err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    enum nj_status st = NJ_OK;

    if (!dir)
        return nj_fail(err, NJ_EIO, "%s: %s", folder, strerror(errno));
    while (st == NJ_OK && (errno = 0, entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        const char *path = path_join(arena, folder, entry->d_name);
        if (!path || !entry_take(files, folders, path))
            st = nj_fail(err, NJ_ENOMEM, "no memory to list %s", folder);
    }
    if (st == NJ_OK && errno != 0)
        st = nj_fail(err, NJ_EIO, "%s: %s", folder, strerror(errno));
    (void)closedir(dir);
    return st;
}

static int
path_cmp(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static bool
has_path(const struct nj_paths *paths, const char *path)
{
    return bsearch(&path, paths->list, paths->len, sizeof *paths->list, path_cmp) != NULL;
}

/* Whether this is what SQLite keeps beside a file that is in the list itself. */
static bool
is_companion(const struct nj_paths *paths, const char *path, struct nj_arena *arena)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    struct nj_slice text = nj_slice_of(path);

    for (size_t i = 0; i < NJ_LEN(suffixes); i++) {
        struct nj_slice suffix = nj_slice_of(suffixes[i]);
        if (!nj_slice_ends(text, suffix))
            continue;
        text.len -= suffix.len;
        struct nj_slice base = nj_arena_copy(arena, text);
        return base.ptr && has_path(paths, base.ptr);
    }
    return false;
}

static void
companions_drop(struct nj_paths *paths, struct nj_arena *arena)
{
    const char **kept = malloc(paths->len * sizeof *kept);
    size_t len = 0;

    if (!kept)
        return; /* they will be left out for what they contain */
    for (size_t i = 0; i < paths->len; i++)
        if (!is_companion(paths, paths->list[i], arena))
            kept[len++] = paths->list[i];
    free(paths->list);
    paths->list = kept;
    paths->len = len;
}

enum nj_status
nj_walk(struct nj_paths *out, const char *root, struct nj_arena *arena, struct nj_error *err)
{
    struct nj_paths folders = {0};
    enum nj_status st = NJ_OK;

    *out = (struct nj_paths){0};
    if (!path_add(&folders, root))
        return nj_fail(err, NJ_ENOMEM, "no memory to list %s", root);
    while (folders.len > 0 && st == NJ_OK) {
        const char *folder = folders.list[--folders.len];
        st = folder_walk(out, &folders, folder, arena, err);
    }
    free(folders.list);
    if (st < 0) {
        free(out->list);
        *out = (struct nj_paths){0};
        return st;
    }
    if (out->len > 0) {
        qsort(out->list, out->len, sizeof *out->list, path_cmp);
        companions_drop(out, arena);
    }
    return NJ_OK;
}
