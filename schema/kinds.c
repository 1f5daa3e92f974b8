/* kinds.c - names of the kinds of spans. */
#include "schema/kinds.h"

static const struct {
    const char *name, *label;
} kinds[NJ_KINDS_LEN] = {
#define NJ_KIND(symbol, name, label) {name, label},
#include "schema/kinds.def"
#undef NJ_KIND
};

const char *
nj_kind_name(enum nj_kind kind)
{
    return kinds[kind].name;
}

const char *
nj_kind_label(enum nj_kind kind)
{
    return kinds[kind].label;
}

enum nj_kind
nj_kind_find(struct nj_slice name)
{
    for (int i = 0; i < NJ_KINDS_LEN; i++)
        if (nj_slice_eq(name, nj_slice_of(kinds[i].name)))
            return (enum nj_kind)i;
    return NJ_KINDS_LEN;
}
