/* outfile.h - files that are whole or not there (floor 0). */
#ifndef NJ_BASE_OUTFILE_H
#define NJ_BASE_OUTFILE_H

#include "base/slice.h"
#include "base/status.h"

/* Writes `bytes` to a temporary name beside `path`, syncs and renames, so an older file stays
 * untouched unless all went well. NJ_EIO names the path and the cause. */
enum nj_status nj_outfile_write(const char *path, struct nj_slice bytes,
                                struct nj_error *err) NJ_CHECKED;
/* Makes a directory and its parents; fine if it is there. */
enum nj_status nj_outdir_make(const char *path, struct nj_error *err) NJ_CHECKED;

#endif
