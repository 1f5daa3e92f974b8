/* json_sniff.h - what the first bytes of an input say, for importers of JSON (floor 3). */
#ifndef NJ_IMPORTERS_JSON_SNIFF_H
#define NJ_IMPORTERS_JSON_SNIFF_H

#include "base/slice.h"

enum {
    NJ_SURE = 90,      /* the first object has the shape of the format */
    NJ_LESS_SURE = 60, /* the first is damaged, and one behind it has the shape */
    NJ_NOT_SURE = 30,  /* its words are there, but the first object is damaged or not seen */
};

/* How one format looks. Words are names of members, separated by blanks. */
struct nj_json_look {
    const char *path; /* from the top to the first object that tells: names separated by '/';
                         arrays on the way are entered; "" is the first object */
    const char *all;  /* it has all of these … */
    const char *any;  /* … and one of these, unless that is "" … */
    const char *none; /* … and none of these */
};

/* NJ_SURE when one of the looks fits, NJ_LESS_SURE when it fits an element behind the first,
 * NJ_NOT_SURE when all words of `words` stand somewhere in `head` as names, else 0. `head` may
 * end anywhere. */
int nj_json_sniff(struct nj_slice head, const struct nj_json_look *looks, size_t looks_len,
                  const char *words);

#endif
