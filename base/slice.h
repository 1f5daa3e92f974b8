/* slice.h - borrowed bytes: a pointer and a length, not NUL-terminated (floor 0). */
#ifndef NJ_BASE_SLICE_H
#define NJ_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Who made the bytes owns them; a slice says nothing about their life. */
struct nj_slice {
    const char *ptr;
    size_t len;
};

#define NJ_SLICE(literal) ((struct nj_slice){"" literal, sizeof(literal) - 1})
/* For printf: `"%.*s", NJ_FMT(slice)`. */
#define NJ_FMT(slice) (int)(slice).len, (slice).ptr ? (slice).ptr : ""

static inline struct nj_slice
nj_slice_of(const char *text)
{
    return (struct nj_slice){text, text ? strlen(text) : 0};
}

static inline bool
nj_slice_eq(struct nj_slice a, struct nj_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, shorter first among equals: the order of every sorted output. */
static inline int
nj_slice_cmp(struct nj_slice a, struct nj_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static inline bool
nj_slice_starts(struct nj_slice s, struct nj_slice prefix)
{
    return s.len >= prefix.len &&
           (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool
nj_slice_ends(struct nj_slice s, struct nj_slice suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

static inline struct nj_slice
nj_slice_from(struct nj_slice s, size_t skip)
{
    return skip >= s.len ? (struct nj_slice){s.ptr, 0}
                         : (struct nj_slice){s.ptr + skip, s.len - skip};
}

#endif
