/* recovery.c - how well sampling rates come back out of trace ids.
 *
 * usage: nj_recovery [--sets N] [--stores N] [--seed S]
 *
 * Two counts: how often a rate is seen in sets of ids that were all kept (it should be never);
 * and, for stores of at least 400 traces sampled by every known hash at rates of 0.5 to 0.02
 * with up to 15 % of them kept for other reasons, how often the right hash is found, p is
 * within half a percentage point, its 95 % limits hold it, and the number of traces that
 * happened is within 10 %. */
#include "analyzers/recover.h"
#include "bench/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 40000 };

struct tally {
    unsigned long stores, accepted, right, near, held, counted, ids;
};

static const double rates[] = {0.5, 0.2, 0.1, 0.05, 0.02};
static const double extras[] = {0, 0.05, 0.15};

static struct nj_trace_id
id_draw(uint64_t *seed)
{
    uint64_t words[2] = {random_next(seed), random_next(seed)};
    struct nj_trace_id id;

    memcpy(id.bytes, words, sizeof words);
    return id;
}

static double
uniform(uint64_t *seed)
{
    return (double)(random_next(seed) >> 11) / 9007199254740992.0;
}

static void
recover(struct nj_recovered *out, const struct nj_trace_id *ids, size_t len,
        struct nj_arena *arena)
{
    if (nj_recover(out, ids, len, arena, NULL) < 0) {
        (void)fputs("nj_recovery: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    nj_arena_reset(arena);
}

static unsigned long
false_positives(unsigned long sets, struct nj_trace_id *ids, struct nj_arena *arena,
                uint64_t *seed)
{
    unsigned long seen = 0;

    for (unsigned long i = 0; i < sets; i++) {
        static const size_t lens[] = {50, 100, 400, 1000, 4000};
        size_t len = lens[i % NJ_LEN(lens)];
        struct nj_recovered found;
        for (size_t k = 0; k < len; k++)
            ids[k] = id_draw(seed);
        recover(&found, ids, len, arena);
        seen += found.is_accepted;
    }
    return seen;
}

/* A store of `wanted` traces or more, of which a share was kept for other reasons. */
static size_t
store_draw(struct nj_trace_id *ids, enum nj_id_hash hash, double rate, double extra,
           size_t *happened, uint64_t *seed)
{
    size_t wanted = 400 + (size_t)random_below(seed, 400), len = 0;
    double other = extra / (1 - extra) * rate / (1 - rate); /* kept among the rest */

    for (*happened = 0; len < wanted; ++*happened) {
        struct nj_trace_id id = id_draw(seed);
        if (nj_id_hash_of(hash, &id) >= 1 - rate || uniform(seed) < other)
            ids[len++] = id;
    }
    return len;
}

static void
store_try(struct tally *tally, enum nj_id_hash hash, unsigned long number,
          struct nj_trace_id *ids, struct nj_arena *arena, uint64_t *seed)
{
    double rate = rates[number % NJ_LEN(rates)];
    double extra = extras[number / NJ_LEN(rates) % NJ_LEN(extras)];
    struct nj_recovered found;
    size_t happened, len = store_draw(ids, hash, rate, extra, &happened, seed);

    recover(&found, ids, len, arena);
    tally->stores++;
    tally->ids += len;
    tally->accepted += found.is_accepted;
    tally->right += found.is_accepted && found.hash == hash;
    tally->near += fabs(found.p - rate) <= 0.005;
    tally->held += found.lo <= rate && rate <= found.hi;
    tally->counted += fabs(found.estimated / (double)happened - 1) <= 0.1;
}

static void
tally_print(const char *name, const struct tally *t)
{
    double n = (double)t->stores / 100;

    printf("| %s | %lu | %.0f | %.1f | %.1f | %.1f | %.1f |\n", name, t->stores,
           (double)t->ids / (double)t->stores, (double)t->right / n, (double)t->near / n,
           (double)t->held / n, (double)t->counted / n);
}

int
main(int argc, char **argv)
{
    unsigned long sets = 10000, stores = 500;
    uint64_t seed = 1;
    struct tally all = {0}, of[NJ_ID_HASHES_LEN] = {{0}};
    struct nj_trace_id *ids = calloc(IDS_MAX, sizeof *ids);
    struct nj_arena *arena = nj_arena_new(1 << 22);

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--sets") == 0)
            sets = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--stores") == 0)
            stores = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    if (!ids || !arena)
        return EXIT_FAILURE;
    printf("rates seen in %lu sets of ids that were all kept: %lu\n\n", sets,
           false_positives(sets, ids, arena, &seed));
    printf("| hash | stores | traces stored | right hash %% | p within 0.5 points %% | "
           "limits hold p %% | N within 10 %% %% |\n|---|--:|--:|--:|--:|--:|--:|\n");
    for (unsigned long i = 0; i < stores; i++)
        store_try(&of[i % NJ_ID_HASHES_LEN], (enum nj_id_hash)(i % NJ_ID_HASHES_LEN),
                  i / NJ_ID_HASHES_LEN, ids, arena, &seed);
    for (unsigned h = 0; h < NJ_ID_HASHES_LEN; h++) {
        const unsigned long *from = (const unsigned long *)&of[h];
        for (size_t k = 0; k < sizeof all / sizeof *from; k++)
            ((unsigned long *)&all)[k] += from[k];
        if (of[h].stores > 0)
            tally_print(nj_id_hash_name((enum nj_id_hash)h), &of[h]);
    }
    tally_print("all", &all);
    nj_arena_free(arena);
    free(ids);
    return 0;
}
