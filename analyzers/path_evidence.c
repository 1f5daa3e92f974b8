/* path_evidence.c - recorded reasons why one span had to wait for another. */
#include "analyzers/path_evidence.h"

#include "schema/facts.h"

#include <stdlib.h>

/* What a span has to do with a tool call; the order at equal times is the order of events. */
enum role { ROLE_ASKS, ROLE_SERVES, ROLE_IS_TOLD };

static const uint8_t role_of_fact[NJ_FACTS_LEN] = {
    [NJ_FACT_CALL_REQUESTED] = ROLE_ASKS,
    [NJ_FACT_TOOL_CALL_ID] = ROLE_SERVES,
    [NJ_FACT_CALL_ANSWERED] = ROLE_IS_TOLD,
};

struct mention {
    int64_t call; /* hash of the call's id */
    int64_t start_ns;
    uint32_t span;
    uint32_t role;
};

static int
mention_cmp(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;

    if (x->call != y->call)
        return x->call < y->call ? -1 : 1;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    return (x->span > y->span) - (x->span < y->span);
}

static void
clue_add(struct nj_clues *clues, struct nj_clue *list, uint32_t waiter, uint32_t on)
{
    if (waiter != on)
        list[clues->len++] = (struct nj_clue){waiter, on, NJ_EVIDENCE_TOOL_CALL};
}

/* Mentions of one call, by time: a tool waited for the last span before it that asked, and the
 * first span after it that was told the result waited for the tool. */
static void
call_join(struct nj_clues *clues, struct nj_clue *list, const struct mention *of, uint32_t len)
{
    const struct mention *asking = NULL, *told = NULL;

    for (uint32_t i = 0; i < len; i++) {
        if (of[i].role == ROLE_ASKS)
            asking = &of[i];
        else if (of[i].role == ROLE_SERVES && asking)
            clue_add(clues, list, of[i].span, asking->span);
    }
    for (uint32_t i = len; i-- > 0;) {
        if (of[i].role == ROLE_IS_TOLD)
            told = &of[i];
        else if (of[i].role == ROLE_SERVES && told)
            clue_add(clues, list, told->span, of[i].span);
    }
}

static void
calls_join(struct nj_clues *clues, struct nj_clue *list, struct mention *mentions, uint32_t len)
{
    if (len > 1)
        qsort(mentions, len, sizeof *mentions, mention_cmp);
    for (uint32_t lo = 0, hi; lo < len; lo = hi) {
        for (hi = lo + 1; hi < len && mentions[hi].call == mentions[lo].call;)
            hi++;
        call_join(clues, list, mentions + lo, hi - lo);
    }
}

enum nj_status
nj_clues_find(struct nj_clues *out, const struct nj_trace *trace, struct nj_arena *arena,
              struct nj_error *err)
{
    uint32_t len = trace->calls_len;

    *out = (struct nj_clues){0};
    if (len == 0 && trace->links_len == 0)
        return NJ_OK;

    struct mention *mentions = NJ_NEW_RAW(arena, struct mention, len);
    struct nj_clue *list =
        NJ_NEW_RAW(arena, struct nj_clue, (size_t)len * 2 + trace->links_len);
    if (!mentions || !list)
        return nj_fail(err, NJ_ENOMEM, "no memory for the evidence in %u spans",
                       trace->spans_len);
    for (uint32_t i = 0; i < len; i++) {
        const struct nj_trace_call *c = &trace->calls[i];
        mentions[i] =
            (struct mention){c->call, trace->start_ns[c->span], c->span, role_of_fact[c->fact]};
    }
    calls_join(out, list, mentions, len);
    for (uint32_t i = 0; i < trace->links_len; i++) {
        const struct nj_trace_link *link = &trace->links[i];
        if (link->target != NJ_NO_SPAN && link->target != link->from)
            list[out->len++] = (struct nj_clue){link->from, link->target, NJ_EVIDENCE_LINK};
    }
    out->list = list;
    return NJ_OK;
}
