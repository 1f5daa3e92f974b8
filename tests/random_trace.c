/* random_trace.c - random traces for property tests, plain ones and odd ones. */
#include "tests/build.h"
#include "tests/test.h"

#include <stdio.h>

static uint32_t
below(uint64_t *seed, uint32_t limit)
{
    return (uint32_t)(test_random(seed) % limit);
}

static uint32_t
pick_name(struct test_corpus *corpus, uint64_t *seed, const char *prefix, uint32_t among)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%s%u", prefix, (unsigned)below(seed, among));
    return test_name(corpus, text);
}

/* A child inside its parent; now and then it touches an edge, covers all of it, or is empty. */
static void
times_inside(struct nj_row *row, const struct nj_row *parent, uint64_t *seed)
{
    int64_t room = parent->end_ns - parent->start_ns;
    int64_t a = room > 0 ? (int64_t)(test_random(seed) % (uint64_t)(room + 1)) : 0;
    int64_t b = room > 0 ? (int64_t)(test_random(seed) % (uint64_t)(room + 1)) : 0;

    switch (below(seed, 8)) {
    case 0:
        a = 0;
        break;
    case 1:
        b = room;
        break;
    case 2:
        b = a;
        break;
    default:
        break;
    }
    row->start_ns = parent->start_ns + (a < b ? a : b);
    row->end_ns = parent->start_ns + (a < b ? b : a);
}

/* Something of what real exporters do wrong. */
static void
row_spoil(struct nj_row *rows, uint32_t i, uint64_t *seed)
{
    struct nj_row *row = &rows[i];
    int64_t by = (int64_t)below(seed, 40000000) - 20000000;

    switch (below(seed, 12)) {
    case 0:
        row->parent_id = test_random(seed) % 5 + 1;
        row->flags |= NJ_ROW_HAS_PARENT;
        break;
    case 1:
        row->parent_id = rows[below(seed, i + 1)].span_id;
        row->flags |= NJ_ROW_HAS_PARENT;
        break;
    case 2:
        row->span_id = rows[below(seed, i + 1)].span_id;
        break;
    case 3:
        row->end_ns = row->start_ns - 1;
        break;
    case 4:
        row->end_ns = row->start_ns;
        row->flags |= NJ_ROW_NO_END;
        break;
    case 5:
        row->start_ns = 0;
        row->flags |= NJ_ROW_NO_START;
        break;
    case 6:
        row->start_ns += by;
        row->end_ns += by;
        break;
    case 7:
        row->end_ns += by > 0 ? by : -by;
        break;
    case 8:
        row->flags &= ~(uint32_t)NJ_ROW_HAS_PARENT;
        break;
    case 9:
        row->flags |= below(seed, 2) ? NJ_ROW_PENDING : NJ_ROW_SHARED;
        break;
    case 10: /* a cycle */
        rows[below(seed, i + 1)].parent_id = row->span_id;
        break;
    default:
        break;
    }
}

static void
row_fill(struct test_corpus *corpus, struct nj_row *row, uint64_t *seed)
{
    static const char *const hosts[] = {"", "h0", "h1"};
    char service[8];

    (void)snprintf(service, sizeof service, "s%u", (unsigned)below(seed, 3));
    *row = (struct nj_row){.span_id = test_random(seed) | 1,
                           .digest = test_random(seed),
                           .tokens = {-1, -1, -1, -1, -1}};
    row->kind = (uint8_t)below(seed, NJ_KINDS_LEN);
    row->status = (uint8_t)below(seed, 3);
    row->otel_kind = (uint8_t)below(seed, 6);
    row->name = row->operation = pick_name(corpus, seed, "op", 6);
    if (below(seed, 3) == 0) {
        row->agent = pick_name(corpus, seed, "agent", 4);
        row->how = NJ_HOW_GEN_AI_AGENT_NAME;
    }
    if (row->kind == NJ_KIND_LLM || below(seed, 5) == 0) {
        row->model = pick_name(corpus, seed, "model", 3);
        row->tokens[NJ_TOKEN_INPUT] = below(seed, 1000);
        row->tokens[NJ_TOKEN_OUTPUT] = below(seed, 100);
    }
    if (row->kind == NJ_KIND_TOOL)
        row->tool = pick_name(corpus, seed, "tool", 3);
    row->scope =
        test_scope(corpus, service, hosts[below(seed, 3)], below(seed, 2) ? 1 : 1000000);
}

uint64_t
test_add_random(struct test_corpus *corpus, uint64_t *seed, uint32_t spans_max, bool is_odd)
{
    uint32_t len = below(seed, spans_max) + 1;
    struct nj_row *rows = calloc(len, sizeof *rows);
    char id[24];

    assert_non_null(rows);
    for (uint32_t i = 0; i < len; i++) {
        row_fill(corpus, &rows[i], seed);
        if (i == 0) {
            rows[0].start_ns = 1000000;
            rows[0].end_ns = 1000000 + (int64_t)below(seed, 100000000);
            continue;
        }
        uint32_t parent = below(seed, i);
        rows[i].parent_id = rows[parent].span_id;
        rows[i].flags |= NJ_ROW_HAS_PARENT;
        times_inside(&rows[i], &rows[parent], seed);
    }
    for (uint32_t i = 0; is_odd && i < len; i++)
        if (below(seed, 3) == 0)
            row_spoil(rows, i, seed);
    (void)snprintf(id, sizeof id, "%llx", (unsigned long long)test_random(seed));
    uint64_t number = test_add_rows(corpus, id, rows, len);
    free(rows);
    return number;
}
