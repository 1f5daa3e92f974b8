/* prices.c - what tokens cost, from a price file. */
#include "analyzers/prices.h"

#include "base/glob.h"
#include "base/json.h"

#include <math.h>

enum { PRICE_FILE_BYTES_MAX = 16 << 20 };
#define COST_MAX 1e15 /* billionths: a million, more than any call costs */

static bool
price_read(struct nj_json *json, struct nj_price *price, const char **wrong)
{
    static const char *const names[NJ_TOKENS_LEN] = {
        [NJ_TOKEN_INPUT] = "input",
        [NJ_TOKEN_CACHED] = "cached",
        [NJ_TOKEN_CACHE_WRITE] = "cache_write",
        [NJ_TOKEN_OUTPUT] = "output",
        [NJ_TOKEN_REASONING] = "reasoning",
    };
    struct nj_json_number number;
    struct nj_slice key;

    for (size_t i = 0; i < NJ_TOKENS_LEN; i++)
        price->of[i] = (double)NAN;
    if (!nj_json_object(json))
        return false;
    while (nj_json_object_next(json, &key)) {
        size_t at = 0;
        while (at < NJ_TOKENS_LEN && !nj_slice_eq(key, nj_slice_of(names[at])))
            at++;
        if (at == NJ_TOKENS_LEN || at == NJ_TOKEN_REASONING)
            *wrong = "one of input, cached, cache_write, output";
        else if (!nj_json_number(json, &number) || number.real < 0 || number.real > 1e9)
            *wrong = "a price of a million tokens, from 0 to 1e9";
        else
            price->of[at] = number.real;
        if (*wrong)
            return false;
    }
    return !json->error;
}

/* An object of prices, counted first. */
static bool
prices_parse(struct nj_prices *out, struct nj_json *json, struct nj_arena *arena,
             const char **wrong)
{
    struct nj_json ahead = *json;
    struct nj_slice key;
    size_t len = 0;

    if (!nj_json_object(&ahead)) {
        *wrong = "an object of model patterns";
        return false;
    }
    while (nj_json_object_next(&ahead, &key) && nj_json_skip(&ahead))
        len++;
    out->list = NJ_NEW_RAW(arena, struct nj_price, len);
    if (!out->list)
        return false;
    (void)nj_json_object(json);
    while (nj_json_object_next(json, &key)) {
        struct nj_price *price = &out->list[out->len];
        price->pattern = nj_arena_copy(arena, key);
        if (!price->pattern.ptr || !price_read(json, price, wrong))
            return false;
        out->len++;
    }
    if (!json->error && !nj_json_at_end(json))
        *wrong = "the end of the file";
    return !json->error && !*wrong;
}

static enum nj_status
text_parse(struct nj_prices *out, const char *path, struct nj_slice text,
           struct nj_arena *arena, struct nj_error *err)
{
    struct nj_json json;
    const char *wrong = NULL;

    nj_json_init(&json, text, true, arena);
    if (prices_parse(out, &json, arena, &wrong))
        return NJ_OK;
    if (!wrong && !json.error)
        return nj_fail(err, NJ_ENOMEM, "%s: no memory for prices", path);
    return nj_fail(err, NJ_EUSAGE, "%s: offset %zu: expected %s", path,
                   (size_t)(json.at - json.begin), wrong ? wrong : json.error);
}

enum nj_status
nj_prices_read(struct nj_prices *out, const char *path, struct nj_arena *arena,
               struct nj_error *err)
{
    struct nj_stream *stream;
    enum nj_status st = nj_stream_open(&stream, path, err);

    *out = (struct nj_prices){0};
    if (st < 0)
        return st;
    st = nj_stream_want(stream, PRICE_FILE_BYTES_MAX, err);
    if (st >= 0 && nj_stream_window(stream).len >= PRICE_FILE_BYTES_MAX)
        st = nj_fail(err, NJ_EUSAGE, "%s: a price file may have %d bytes", path,
                     (int)PRICE_FILE_BYTES_MAX);
    if (st >= 0)
        st = text_parse(out, path, nj_stream_window(stream), arena, err);
    nj_stream_close(stream);
    return st;
}

const struct nj_price *
nj_prices_find(const struct nj_prices *prices, struct nj_slice model)
{
    for (size_t i = 0; i < prices->len; i++)
        if (nj_glob_match(prices->list[i].pattern, model))
            return &prices->list[i];
    return NULL;
}

static double
count_of(const int64_t tokens[NJ_TOKENS_LEN], enum nj_token which)
{
    return tokens[which] > 0 ? (double)tokens[which] : 0;
}

int64_t
nj_price_of(const struct nj_price *price, const int64_t tokens[NJ_TOKENS_LEN])
{
    double input = isnan(price->of[NJ_TOKEN_INPUT]) ? 0 : price->of[NJ_TOKEN_INPUT];
    double output = isnan(price->of[NJ_TOKEN_OUTPUT]) ? 0 : price->of[NJ_TOKEN_OUTPUT];
    double plain = count_of(tokens, NJ_TOKEN_INPUT);
    double cost = count_of(tokens, NJ_TOKEN_OUTPUT) * output;

    for (enum nj_token part = NJ_TOKEN_CACHED; part <= NJ_TOKEN_CACHE_WRITE; part++) {
        double count = fmin(count_of(tokens, part), plain);
        plain -= count;
        cost += count * (isnan(price->of[part]) ? input : price->of[part]);
    }
    cost = (cost + plain * input) / 1e6 * NJ_COST_UNIT;
    return (int64_t)llround(fmin(cost, COST_MAX));
}
