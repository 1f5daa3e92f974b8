/* tempfile.c - nameless files, and how SQLite opens them. */
#include "store/tempfile.h"

#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char fd_folder[] = "/proc/self/fd/";
static const char vfs_name[] = "nightjar-nameless";
static sqlite3_vfs nameless;
static bool is_registered;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *
nj_tempfile_dir(void)
{
    const char *dir = getenv("TMPDIR");

    if (dir && dir[0])
        return dir;
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

enum nj_status
nj_tempfile_open(int *out_fd, struct nj_error *err)
{
    const char *dir = nj_tempfile_dir();
    size_t room = strlen(dir) + sizeof "/nightjar-XXXXXX";
    char *path = malloc(room);

    if (!path)
        return nj_fail(err, NJ_ENOMEM, "no memory for a temporary file");
    (void)snprintf(path, room, "%s/nightjar-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd >= 0)
        (void)unlink(path);
    free(path);
    if (fd < 0)
        return nj_fail(err, NJ_EIO,
                       "making a temporary file in %s: %s (TMPDIR names another place)", dir,
                       strerror(errno));
    *out_fd = fd;
    return NJ_OK;
}

void
nj_tempfile_path(char out[NJ_TEMPFILE_PATH], int fd)
{
    (void)snprintf(out, NJ_TEMPFILE_PATH, "%s%d", fd_folder, fd);
}

static int
path_keep(sqlite3_vfs *vfs, const char *path, int room, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)room, "%s", path) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* SQLite opens no links, and a path of nj_tempfile_path is one. */
static int
file_open(const char *path, int flags, int mode)
{
    if (strncmp(path, fd_folder, sizeof fd_folder - 1) == 0)
        flags &= ~O_NOFOLLOW;
    return open(path, flags, mode);
}

static void
vfs_register(void)
{
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

    if (!usual || usual->iVersion < 3 ||
        usual->xSetSystemCall(usual, "open", (sqlite3_syscall_ptr)file_open) != SQLITE_OK)
        return;
    nameless = *usual;
    nameless.zName = vfs_name;
    nameless.pNext = NULL;
    nameless.xFullPathname = path_keep;
    is_registered = sqlite3_vfs_register(&nameless, 0) == SQLITE_OK;
}

const char *
nj_tempfile_vfs(void)
{
    (void)pthread_once(&once, vfs_register);
    return is_registered ? vfs_name : NULL;
}
