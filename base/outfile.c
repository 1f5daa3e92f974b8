/* outfile.c - files that are whole or not there. */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
all_written(int fd, struct nj_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = nj_slice_from(bytes, (size_t)n);
    }
    return true;
}

enum nj_status
nj_outfile_write(const char *path, struct nj_slice bytes, struct nj_error *err)
{
    size_t len = strlen(path);
    char *temporary = malloc(len + sizeof ".tmpXXXXXX");

    if (!temporary)
        return nj_fail(err, NJ_ENOMEM, "no memory to write %s", path);
    memcpy(temporary, path, len);
    memcpy(temporary + len, ".tmpXXXXXX", sizeof ".tmpXXXXXX");
    int fd = mkstemp(temporary);
    bool ok = fd >= 0 && all_written(fd, bytes) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int cause = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        cause = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        cause = errno;
    }
    if (!ok && fd >= 0)
        (void)unlink(temporary);
    free(temporary);
    return ok ? NJ_OK : nj_fail(err, NJ_EIO, "writing %s: %s", path, strerror(cause));
}

enum nj_status
nj_outdir_make(const char *path, struct nj_error *err)
{
    char *copy = strdup(path);
    enum nj_status st = NJ_OK;
    struct stat info;

    if (!copy)
        return nj_fail(err, NJ_ENOMEM, "no memory to make %s", path);
    for (char *p = copy + 1; st == NJ_OK; p++) {
        char c = *p;
        if (c && c != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            st = nj_fail(err, NJ_EIO, "making directory %s: %s", copy, strerror(errno));
        *p = c;
        if (!c)
            break;
    }
    if (st == NJ_OK && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        st = nj_fail(err, NJ_EIO, "%s is not a directory", path);
    free(copy);
    return st;
}
