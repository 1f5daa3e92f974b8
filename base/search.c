/* search.c - finding text in text: sixteen places at a time are looked at for the first and the
 * last byte of the needle where the machine has SSE2, one after the other elsewhere. */
#include "base/search.h"

#if defined __SSE2__ && !defined NJ_SCALAR
#include <emmintrin.h>

enum { PLACES = 16 };

/* The first place of the needle, as far as sixteen places at a time go; *at is where to go on.
 */
static size_t
places_search(struct nj_slice text, struct nj_slice needle, size_t *at)
{
    __m128i first = _mm_set1_epi8(needle.ptr[0]);
    __m128i last = _mm_set1_epi8(needle.ptr[needle.len - 1]);
    const char *tail = text.ptr + needle.len - 1;

    for (; *at + needle.len - 1 + PLACES <= text.len; *at += PLACES) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(text.ptr + *at));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(tail + *at));
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
        for (unsigned hits = (unsigned)_mm_movemask_epi8(both); hits; hits &= hits - 1) {
            size_t place = *at + (size_t)__builtin_ctz(hits);
            if (memcmp(text.ptr + place, needle.ptr, needle.len) == 0)
                return place;
        }
    }
    return NJ_NOT_FOUND;
}
#else
static size_t
places_search(struct nj_slice text, struct nj_slice needle, size_t *at)
{
    (void)text, (void)needle, (void)at;
    return NJ_NOT_FOUND;
}
#endif

size_t
nj_slice_find(struct nj_slice text, struct nj_slice needle)
{
    size_t at = 0;

    if (needle.len == 0)
        return 0;
    if (text.len < needle.len)
        return NJ_NOT_FOUND;
    size_t found = places_search(text, needle, &at);
    for (; found == NJ_NOT_FOUND && at + needle.len <= text.len; at++)
        if (text.ptr[at] == needle.ptr[0] && memcmp(text.ptr + at, needle.ptr, needle.len) == 0)
            found = at;
    return found;
}
