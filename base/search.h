/* search.h - finding text in text (floor 0). */
#ifndef NJ_BASE_SEARCH_H
#define NJ_BASE_SEARCH_H

#include "base/slice.h"

#include <stdint.h>

#define NJ_NOT_FOUND SIZE_MAX

/* Offset of the first `needle` in `text`, or NJ_NOT_FOUND; an empty needle is at 0. */
size_t nj_slice_find(struct nj_slice text, struct nj_slice needle);

static inline bool
nj_char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline char
nj_char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool
nj_char_is_letter(char c)
{
    char l = nj_char_lower(c);
    return l >= 'a' && l <= 'z';
}

/* Letters, digits and the underscore; bytes of other scripts count as letters. */
static inline bool
nj_char_is_word(char c)
{
    return nj_char_is_letter(c) || nj_char_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

#endif
