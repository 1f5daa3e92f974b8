/* status.h - result codes and the record of what went wrong (floor 0). */
#ifndef NJ_BASE_STATUS_H
#define NJ_BASE_STATUS_H

#include <stddef.h>

/* NJ_OK is 0, NJ_DONE says that there is no more; every failure is negative, so
 * `if (st < 0)` always reads right. */
enum nj_status {
    NJ_DONE = 1,
    NJ_OK = 0,
    NJ_ENOMEM = -1,  /* memory, or an arena's limit, is exhausted */
    NJ_EIO = -2,     /* reading or writing a file */
    NJ_EFORMAT = -3, /* the input is not what it should be */
    NJ_ESTORE = -4,  /* SQLite, or the content of a store */
    NJ_EUSAGE = -5,  /* command line or policy file */
    NJ_ELIMIT = -6,  /* a named limit was hit */
    NJ_EBUG = -7,    /* a state that should be impossible */
};

#define NJ_CHECKED           __attribute__((warn_unused_result))
#define NJ_NOINLINE          __attribute__((noinline))
#define NJ_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NJ_LEN(array)        (sizeof(array) / sizeof((array)[0]))

enum { NJ_ERROR_CAUSES_MAX = 8, NJ_ERROR_TEXT_MAX = 480 };

/* What went wrong, innermost cause first. Lives in the caller, never allocates;
 * `= {0}` makes an empty one. */
struct nj_error {
    enum nj_status status;
    size_t causes_len;
    char causes[NJ_ERROR_CAUSES_MAX][NJ_ERROR_TEXT_MAX];
};

/* Append one cause and return `status`, so a failing line is `return nj_fail(...)`.
 * Messages: lower case, no full stop, what and where. `err` may be NULL. */
enum nj_status nj_fail(struct nj_error *err, enum nj_status status, const char *fmt, ...)
    NJ_PRINTF(3, 4);

/* Forget everything. */
void nj_error_clear(struct nj_error *err);

/* A state that our own code must never reach: kept in release builds, prints file and
 * line and aborts. For bugs only, never for input. */
#define NJ_CHECK(cond) ((cond) ? (void)0 : nj_bug(__FILE__, __LINE__, #cond))
_Noreturn void nj_bug(const char *file, int line, const char *what);

#endif
