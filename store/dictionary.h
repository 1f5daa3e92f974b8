/* dictionary.h - names, scopes and classes of encoders as numbers of the store, while spans are
 * written; only files of store/ include it. */
#ifndef NJ_STORE_DICTIONARY_H
#define NJ_STORE_DICTIONARY_H

#include "store/batch.h"
#include "store/handle.h"

struct nj_dictionary;

/* Begins with what the store knows. Names are added to its corpus and to the table at the same
 * time. */
enum nj_status nj_dictionary_new(struct nj_dictionary **out, const struct nj_store *store,
                                 struct nj_error *err) NJ_CHECKED;
void nj_dictionary_free(struct nj_dictionary *dictionary);

/* Batches of another encoder follow. */
void nj_dictionary_begin(struct nj_dictionary *dictionary);
/* Takes over the scopes and classes that a batch brings, and the names in them. */
enum nj_status nj_dictionary_learn(struct nj_dictionary *dictionary,
                                   const struct nj_batch *batch,
                                   struct nj_error *err) NJ_CHECKED;
/* Puts the store's class into the cells of a row, and learns from its times how fine the clock
 * of its scope is. *start_ns is NJ_NO_TIME where no start was recorded. */
void nj_dictionary_cells(struct nj_dictionary *dictionary, struct nj_cells *cells,
                         int64_t *start_ns);
/* Grows with everything that is new to the store. */
uint64_t nj_dictionary_len(const struct nj_dictionary *dictionary);
/* Writes what was learned of scopes; before a commit. */
enum nj_status nj_dictionary_flush(struct nj_dictionary *dictionary,
                                   struct nj_error *err) NJ_CHECKED;

#endif
