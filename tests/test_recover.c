/* test_recover.c - sampling rates out of trace ids. */
#include "tests/test.h"

#include "analyzers/recover.h"

#include <math.h>

static struct nj_trace_id
id_random(uint64_t *seed)
{
    struct nj_trace_id id;

    for (size_t i = 0; i < NJ_TRACE_ID_BYTES; i += 8) {
        uint64_t bits = test_random(seed);
        memcpy(&id.bytes[i], &bits, sizeof bits);
    }
    return id;
}

static struct nj_trace_id
id_of(const char *hex)
{
    struct nj_trace_id id;
    struct nj_slice text;

    assert_true(nj_trace_id_parse(nj_slice_of(hex), &id, &text) && text.len == 0);
    return id;
}

/* Of 4bf92f3577b34da6a3ce929d0e0e4736: values worked out by hand from the samplers' sources. */
static void
maps_ids_as_the_samplers_do(void **state)
{
    const struct nj_trace_id id = id_of("4bf92f3577b34da6a3ce929d0e0e4736");
    const double high = (double)0x4bf92f3577b34da6u, low = (double)0xa3ce929d0e0e4736u;

    (void)state;
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_LOW56, &id) -
                     (double)0xce929d0e0e4736u / 0x1p56) < 1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_LOW64, &id) - (1 - low / 0x1p64)) < 1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_HIGH64, &id) - (1 - high / 0x1p64)) < 1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_JAVA, &id) - (1 - (0x1p64 - low) / 0x1p63)) <
                1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_DOTNET, &id) - (1 - high / 0x1p63)) < 1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_CPP, &id) -
                     (1 - (double)0xa64db377352ff94bu / 0x1p64)) < 1e-15);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_JAEGER, &id) -
                     (1 - (double)(0xa3ce929d0e0e4736u & INT64_MAX) / 0x1p63)) < 1e-15);
    uint32_t x = 0x4bf92f35u ^ 0x77b34da6u ^ 0xa3ce929du ^ 0x0e0e4736u;
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_JS_XOR, &id) - (1 - x / 0x1p32)) < 1e-9);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_LOW52, &id) -
                     (1 - (double)0xe929d0e0e4736u / 0x1p52)) < 1e-15);
    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        double least = nj_id_hash_of((enum nj_id_hash)h, &(struct nj_trace_id){{0}});
        double most =
            nj_id_hash_of((enum nj_id_hash)h,
                          &(struct nj_trace_id){{255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                 255, 255, 255, 255, 255, 255, 255}});
        assert_true(least >= 0 && least < 1 && most >= 0 && most < 1);
    }
}

/* The digests of the texts by an independent SHA-1; Bernstein's hash by hand of a text whose
 * last digit alone is not 0. */
static void
maps_ids_as_text_as_the_samplers_do(void **state)
{
    const struct nj_trace_id id = id_of("4bf92f3577b34da6a3ce929d0e0e4736");
    uint32_t hash = 5381;

    (void)state;
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_BEELINE, &id) - (1 - 0x11d33efcp0 / 0x1p32)) <
                1e-9);
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_REFINERY, &id) - (1 - 0x90fd5826p0 / 0x1p32)) <
                1e-9);
    for (const char *c = "00000000000000000000000000000009"; *c; c++)
        hash = (hash << 5) + hash + (uint8_t)*c;
    double value = hash >> 31 ? 0x1p32 - hash : hash;
    struct nj_trace_id nine = {{[15] = 9}};
    assert_true(fabs(nj_id_hash_of(NJ_ID_HASH_AZURE, &nine) - (1 - value / 0x1p31)) < 1e-9);
}

enum { STORE_MAX = 5000 };

/* Ids of `happened` traces, those that the hash keeps at rate p and one in `always` of the
 * rest. */
static size_t
store_fill(struct nj_trace_id *ids, size_t happened, enum nj_id_hash hash, double p,
           uint64_t always, uint64_t *seed)
{
    size_t len = 0;

    for (size_t i = 0; i < happened && len < STORE_MAX; i++) {
        struct nj_trace_id id = id_random(seed);
        if (nj_id_hash_of(hash, &id) >= 1 - p || (always && test_random(seed) % always == 0))
            ids[len++] = id;
    }
    return len;
}

static void
finds_the_hash_and_the_rate_of_every_sampler(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    uint64_t seed = 42;

    (void)state;
    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        struct nj_recovered found;
        size_t len = store_fill(ids, 8000, (enum nj_id_hash)h, 0.1, 100, &seed);
        assert_int_equal(nj_recover(&found, ids, len, arena, NULL), NJ_OK);
        assert_true(found.is_accepted && !found.has_second);
        assert_int_equal(found.hash, h);
        assert_true(fabs(found.p - 0.1) < 0.005 && found.lo < 0.1005 && found.hi > 0.0995);
        assert_true(fabs(found.estimated / 8000 - 1) < 0.15);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

static void
sees_no_threshold_in_ids_that_were_all_kept_or_kept_by_a_coin(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    uint64_t seed = 4;

    (void)state;
    for (size_t len = 0; len <= 2000; len = len * 2 + 5) {
        struct nj_recovered found;
        for (size_t i = 0; i < len; i++)
            ids[i] = id_random(&seed);
        assert_int_equal(nj_recover(&found, ids, len, arena, NULL), NJ_OK);
        assert_false(found.is_accepted);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

/* Ids that begin with the time, as X-Ray's do, are no threshold of a hash of their high bits.
 */
static void
is_not_fooled_by_ids_that_begin_with_the_time(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_recovered found;
    uint64_t seed = 6;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        ids[i] = id_random(&seed);
        ids[i].bytes[0] = 0x69;
        ids[i].bytes[1] = 0x23;
        ids[i].bytes[2] = (uint8_t)(i / 100);
        ids[i].bytes[3] = (uint8_t)(i * 2);
    }
    assert_int_equal(nj_recover(&found, ids, 1000, arena, NULL), NJ_OK);
    assert_false(found.is_accepted);
    nj_arena_free(arena);
}

/* Ways of making ids that fix some of their bits. */
static void
id_shape(struct nj_trace_id *id, int shape, uint32_t number)
{
    const uint8_t time[4] = {0x69, 0x23, (uint8_t)(number / 300), (uint8_t)number};

    switch (shape) {
    case 0: /* UUID of random bits, and one that begins with the time */
    case 1:
        id->bytes[6] = (uint8_t)((shape == 0 ? 0x40 : 0x70) | (id->bytes[6] & 15));
        id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 63));
        if (shape == 1)
            memcpy(id->bytes, time, sizeof time);
        break;
    case 2: /* 63 bits behind zeros, or behind the time and zeros */
    case 3:
        memset(id->bytes, 0, 8);
        id->bytes[8] &= 0x7f;
        if (shape == 3)
            memcpy(id->bytes, time, sizeof time);
        break;
    case 4: /* all of 64 bits behind zeros */
        memset(id->bytes, 0, 8);
        break;
    case 5: /* 96 bits */
        memset(id->bytes, 0, 4);
        break;
    default: /* one in four is a UUID */
        if (number % 4 == 0)
            id_shape(id, 0, number);
        break;
    }
}

static void
takes_bits_that_are_always_the_same_for_no_rate(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    uint64_t seed = 66;

    (void)state;
    for (int shape = 0; shape < 7; shape++) {
        struct nj_recovered found;
        for (uint32_t i = 0; i < 2000; i++) {
            ids[i] = id_random(&seed);
            id_shape(&ids[i], shape, i);
        }
        assert_int_equal(nj_recover(&found, ids, 2000, arena, NULL), NJ_OK);
        if (found.is_accepted)
            fail_msg("ids of shape %d: %s, %g", shape, nj_id_hash_name(found.hash), found.p);
        nj_arena_reset(arena);
    }
    nj_arena_free(arena);
}

/* The same ids, sampled by functions that do not begin with the fixed bits. */
static void
finds_rates_in_ids_with_bits_that_are_always_the_same(void **state)
{
    static const uint8_t hashes[] = {NJ_ID_HASH_LOW56, NJ_ID_HASH_JS_XOR,   NJ_ID_HASH_DATADOG,
                                     NJ_ID_HASH_FNV64, NJ_ID_HASH_REFINERY, NJ_ID_HASH_AZURE};
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    uint64_t seed = 67;

    (void)state;
    for (int shape = 0; shape < 5; shape++)
        for (size_t h = 0; h < NJ_LEN(hashes); h++) {
            struct nj_recovered found;
            size_t len = 0;
            for (uint32_t i = 0; i < 6000; i++) {
                struct nj_trace_id id = id_random(&seed);
                id_shape(&id, shape, i);
                if (nj_id_hash_of((enum nj_id_hash)hashes[h], &id) >= 0.9 || i % 100 == 0)
                    ids[len++] = id;
            }
            assert_int_equal(nj_recover(&found, ids, len, arena, NULL), NJ_OK);
            assert_true(found.is_accepted && found.hash == hashes[h]);
            assert_true(fabs(found.p - 0.1) < 0.01);
            nj_arena_reset(arena);
        }
    nj_arena_free(arena);
}

static void
finds_the_inner_one_of_nested_thresholds(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_recovered found;
    uint64_t seed = 12;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 20000;
         i++) { /* half by the head, then one in 20 and all slow ones */
        struct nj_trace_id id = id_random(&seed);
        double u = nj_id_hash_of(NJ_ID_HASH_LOW64, &id);
        if (u >= 0.95 || (u >= 0.5 && test_random(&seed) % 50 == 0))
            ids[len++] = id;
    }
    assert_int_equal(nj_recover(&found, ids, len, arena, NULL), NJ_OK);
    assert_true(found.is_accepted && found.hash == NJ_ID_HASH_LOW64);
    assert_true(fabs(found.p - 0.05) < 0.003);
    for (size_t i = 0; i < len; i++)
        assert_true(nj_recovered_keeps(&found, &ids[i]) ==
                    (nj_id_hash_of(NJ_ID_HASH_LOW64, &ids[i]) >= found.threshold));
    nj_arena_free(arena);
}

static void
multiplies_two_samplers_of_different_hashes(void **state)
{
    static struct nj_trace_id ids[STORE_MAX];
    struct nj_arena *arena = nj_arena_new(1 << 20);
    struct nj_recovered found;
    uint64_t seed = 31;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 40000; i++) {
        struct nj_trace_id id = id_random(&seed);
        if (nj_id_hash_of(NJ_ID_HASH_LOW64, &id) >= 0.8 &&
            (nj_id_hash_of(NJ_ID_HASH_FNV64, &id) >= 0.75 || test_random(&seed) % 40 == 0))
            ids[len++] = id;
    }
    assert_int_equal(nj_recover(&found, ids, len, arena, NULL), NJ_OK);
    assert_true(found.is_accepted && found.has_second);
    assert_true(fabs(nj_recovered_rate(&found) - 0.05) < 0.003);
    assert_true(fabs(found.estimated / 40000 - 1) < 0.1);
    nj_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_ids_as_the_samplers_do),
        cmocka_unit_test(maps_ids_as_text_as_the_samplers_do),
        cmocka_unit_test(finds_the_hash_and_the_rate_of_every_sampler),
        cmocka_unit_test(sees_no_threshold_in_ids_that_were_all_kept_or_kept_by_a_coin),
        cmocka_unit_test(is_not_fooled_by_ids_that_begin_with_the_time),
        cmocka_unit_test(takes_bits_that_are_always_the_same_for_no_rate),
        cmocka_unit_test(finds_rates_in_ids_with_bits_that_are_always_the_same),
        cmocka_unit_test(finds_the_inner_one_of_nested_thresholds),
        cmocka_unit_test(multiplies_two_samplers_of_different_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
