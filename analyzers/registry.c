/* registry.c - all analyzers. */
#include "analyzers/analyzer.h"

#define NJ_ANALYZER(id) extern const struct nj_analyzer nj_analyzer_##id;
#include "analyzers/registry.def"
#undef NJ_ANALYZER

#define NJ_ANALYZER(id) &nj_analyzer_##id,
const struct nj_analyzer *const nj_analyzers[] = {
#include "analyzers/registry.def"
    NULL};
#undef NJ_ANALYZER

const size_t nj_analyzers_len = NJ_LEN(nj_analyzers) - 1;

const struct nj_analyzer *
nj_analyzer_find(struct nj_slice name)
{
    for (size_t i = 0; i < nj_analyzers_len; i++)
        if (nj_slice_eq(name, nj_slice_of(nj_analyzers[i]->name)))
            return nj_analyzers[i];
    return NULL;
}
