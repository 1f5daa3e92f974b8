/* baseline.h - the baseline as a file, and the right to change it (floor 2).
 *
 * A small SQLite file: tables nights, events and, for each night, the tables of results that it
 * keeps. It is read whole and written whole: a new file is synced beside the old one and takes
 * its name, so that a process killed at any moment leaves one of the two. */
#ifndef NJ_STORE_BASELINE_H
#define NJ_STORE_BASELINE_H

#include "schema/baseline.h"

/* Reads a baseline; release *out with nj_baseline_free. *out is NULL and the result NJ_OK when
 * there is no file of that name. NJ_EFORMAT: not a baseline, or one of another version;
 * NJ_ESTORE: damaged; NJ_EIO. */
enum nj_status nj_baseline_load(struct nj_baseline **out, const char *path,
                                struct nj_error *err) NJ_CHECKED;
enum nj_status nj_baseline_save(const struct nj_baseline *baseline, const char *path,
                                struct nj_error *err) NJ_CHECKED;

/* The right to change the baseline at `path`: whoever wants it waits for the others, up to a
 * minute, and it ends with the process. Take it before reading what is to be changed. */
struct nj_baseline_lock {
    char *path;
    int fd;
};
/* NJ_EIO: the folder cannot be written, or another process had it all the time. */
enum nj_status nj_baseline_lock(struct nj_baseline_lock *out, const char *path,
                                struct nj_error *err) NJ_CHECKED;
void nj_baseline_unlock(struct nj_baseline_lock *lock);

/* Whether these first bytes of a file (100 are enough) are those of a baseline. */
bool nj_baseline_sniff(struct nj_slice head);

#endif
