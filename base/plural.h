/* plural.h - nouns behind numbers (floor 0). */
#ifndef NJ_BASE_PLURAL_H
#define NJ_BASE_PLURAL_H

/* What a noun behind so many ends with: "%zu trace%s". */
static inline const char *
nj_plural(double number)
{
    return number == 1 ? "" : "s";
}

#endif
