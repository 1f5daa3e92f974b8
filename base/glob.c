/* glob.c - names against patterns with * and ?. */
#include "base/glob.h"

/* On a mismatch only the last star can give way, so one place to go back to is enough. */
bool
nj_glob_match(struct nj_slice pattern, struct nj_slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, star_t = 0;

    while (t < text.len) {
        size_t q = p;
        bool is_escaped = q < pattern.len && pattern.ptr[q] == '\\' && q + 1 < pattern.len;
        q += is_escaped;
        if (q < pattern.len && !is_escaped && pattern.ptr[q] == '*') {
            star = p++;
            star_t = t;
        } else if (q < pattern.len &&
                   ((!is_escaped && pattern.ptr[q] == '?') || pattern.ptr[q] == text.ptr[t])) {
            p = q + 1;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++star_t;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}
