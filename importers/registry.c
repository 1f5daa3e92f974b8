/* registry.c - all importers, and which one reads these bytes. */
#include "importers/importer.h"
#include "importers/sqlite_input.h"

#define NJ_IMPORTER(id) extern const struct nj_importer nj_importer_##id;
#include "importers/registry.def"
#undef NJ_IMPORTER

#define NJ_IMPORTER(id) &nj_importer_##id,
const struct nj_importer *const nj_importers[] = {
#include "importers/registry.def"
    NULL};
#undef NJ_IMPORTER

const size_t nj_importers_len = NJ_LEN(nj_importers) - 1;

int
nj_importer_sure(const struct nj_importer *importer, struct nj_slice head, bool is_whole)
{
    return importer->sqlite_tables ? nj_sqlite_tables_sniff(head, importer->sqlite_tables)
                                   : importer->sniff(head, is_whole);
}

const struct nj_importer *
nj_importer_sniff(struct nj_slice head, bool is_whole)
{
    const struct nj_importer *best = NULL;
    int best_sure = 0;

    for (size_t i = 0; i < nj_importers_len; i++) {
        int sure = nj_importer_sure(nj_importers[i], head, is_whole);
        if (sure > best_sure) {
            best_sure = sure;
            best = nj_importers[i];
        }
    }
    return best;
}
