/* prices.h - what tokens cost, from a price file (floor 3).
 *
 * A JSON object, first match first: keys are patterns of model names with * and ?, values
 * objects with the price of a million tokens: {"gpt-4o*": {"input": 2.5, "cached": 1.25,
 * "output": 10}}. `cached` and `cache_write` are the input price where they are left out,
 * `input` and `output` 0.
 */
#ifndef NJ_ANALYZERS_PRICES_H
#define NJ_ANALYZERS_PRICES_H

#include "base/arena.h"
#include "base/status.h"
#include "schema/row.h"

/* A billionth of the currency: costs are added up as integers. */
#define NJ_COST_UNIT 1e9

struct nj_price {
    struct nj_slice pattern;
    double of[NJ_TOKENS_LEN]; /* a million tokens, by enum nj_token; NaN: not given */
};

struct nj_prices {
    struct nj_price *list;
    size_t len;
};

/* Reads a price file into `arena`. NJ_EIO, NJ_EUSAGE with the offset and what was expected. */
enum nj_status nj_prices_read(struct nj_prices *out, const char *path, struct nj_arena *arena,
                              struct nj_error *err) NJ_CHECKED;

/* The price of this model, or NULL. */
const struct nj_price *nj_prices_find(const struct nj_prices *prices, struct nj_slice model);

/* What these tokens cost, in billionths; counts below 0 are not recorded. Cached ones are part
 * of input, reasoning of output. */
int64_t nj_price_of(const struct nj_price *price, const int64_t tokens[NJ_TOKENS_LEN]);

#endif
