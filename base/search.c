/* search.c - finding text in text. */
#include "base/search.h"

size_t
nj_slice_find(struct nj_slice text, struct nj_slice needle)
{
    const char *at = text.ptr;

    if (needle.len == 0)
        return 0;
    while (text.len >= needle.len) {
        const char *hit = memchr(at, needle.ptr[0], text.len - needle.len + 1);
        if (!hit)
            return NJ_NOT_FOUND;
        if (memcmp(hit, needle.ptr, needle.len) == 0)
            return (size_t)(hit - text.ptr);
        text.len -= (size_t)(hit - at) + 1;
        at = hit + 1;
    }
    return NJ_NOT_FOUND;
}
