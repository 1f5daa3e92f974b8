/* status.c - the record of what went wrong. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum nj_status
nj_fail(struct nj_error *err, enum nj_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    if (err->causes_len < NJ_ERROR_CAUSES_MAX) {
        va_list args;
        va_start(args, fmt);
        (void)vsnprintf(err->causes[err->causes_len++], NJ_ERROR_TEXT_MAX, fmt, args);
        va_end(args);
    }
    err->status = status;
    return status;
}

void
nj_error_clear(struct nj_error *err)
{
    err->status = NJ_OK;
    err->causes_len = 0;
}

_Noreturn void
nj_bug(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "nightjar: internal error at %s:%d: %s\n", file, line, what);
    abort();
}
