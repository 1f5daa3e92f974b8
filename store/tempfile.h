/* tempfile.h - nameless files, and how SQLite opens them; only files of store/ include it. */
#ifndef NJ_STORE_TEMPFILE_H
#define NJ_STORE_TEMPFILE_H

#include "base/status.h"

/* Room for a path that nj_tempfile_path writes. */
enum { NJ_TEMPFILE_PATH = 64 };

/* A new empty file in TMPDIR (else /var/tmp, else /tmp) that has no name any more and goes away
 * with its last descriptor. NJ_EIO names the directory. */
enum nj_status nj_tempfile_open(int *out_fd, struct nj_error *err) NJ_CHECKED;
/* A path that opens the file of `fd` again, inside this process, while `fd` is open. */
void nj_tempfile_path(char out[NJ_TEMPFILE_PATH], int fd);
/* The directory for temporary files. */
const char *nj_tempfile_dir(void);

/* The SQLite VFS that takes such a path as it is: the ordinary one would follow it to the name
 * that is not there. NULL: no memory. */
const char *nj_tempfile_vfs(void);

#endif
