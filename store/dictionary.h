/* dictionary.h - names and scopes of encoders as numbers of the store, while spans are written;
 * only files of store/ include it. */
#ifndef NJ_STORE_DICTIONARY_H
#define NJ_STORE_DICTIONARY_H

#include "store/batch.h"
#include "store/db.h"

struct nj_dictionary;

/* Names are added to `names` and to the table at the same time. */
enum nj_status nj_dictionary_new(struct nj_dictionary **out, sqlite3 *db,
                                 struct nj_names *names, struct nj_error *err) NJ_CHECKED;
void nj_dictionary_free(struct nj_dictionary *dictionary);

/* Batches of another encoder follow. */
void nj_dictionary_begin(struct nj_dictionary *dictionary);
/* Takes over the scopes that a batch brings. */
enum nj_status nj_dictionary_scopes(struct nj_dictionary *dictionary,
                                    const struct nj_batch *batch,
                                    struct nj_error *err) NJ_CHECKED;
/* Puts the store's numbers into a row of that batch, and learns from its times how fine the
 * clock of its scope is. */
enum nj_status nj_dictionary_row(struct nj_dictionary *dictionary, const struct nj_batch *batch,
                                 struct nj_row *row, struct nj_error *err) NJ_CHECKED;
/* Grows with every name and scope that is new to the store. */
uint64_t nj_dictionary_len(const struct nj_dictionary *dictionary);
/* Writes what was learned of scopes; before a commit. */
enum nj_status nj_dictionary_flush(struct nj_dictionary *dictionary,
                                   struct nj_error *err) NJ_CHECKED;

#endif
