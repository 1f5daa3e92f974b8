/* errors_sums.c - errors of all traces: chains, agents and the edges between them. */
#include "analyzers/errors_sums.h"

#include "analyzers/errors_chain.h"
#include "analyzers/errors_print.h"
#include "base/hash.h"
#include "schema/facts.h"

void
nj_error_sums_init(struct nj_error_sums *sums, struct nj_run *run)
{
    /* of traces only means and shares are asked for, so none is kept one by one */
    const struct nj_series_shape traces = {.measures_len = 1,
                                           .summed_len = 1,
                                           .events_len = NJ_ERROR_TRACE_EVENTS,
                                           .is_counted = true};
    const struct nj_series_shape errors = {.measures_len = 1,
                                           .events_len = NJ_ERROR_EVENTS,
                                           .is_counted = nj_series_must_count(run, 1)};

    sums->names = run->names;
    nj_series_init(&sums->traces, &traces, run->names);
    nj_series_init(&sums->errors, &errors, run->names);
    nj_tally_init(&sums->chains, sizeof(struct nj_error_chain));
    nj_tally_init(&sums->agents, sizeof(struct nj_error_agent));
    nj_tally_init(&sums->pairs, sizeof(struct nj_error_pair));
    nj_tally_init(&sums->maybes, sizeof(struct nj_error_maybe));
    nj_tally_init(&sums->sessions, sizeof(uint32_t));
}

void
nj_error_sums_fini(struct nj_error_sums *sums)
{
    nj_series_fini(&sums->traces);
    nj_series_fini(&sums->errors);
    nj_tally_fini(&sums->chains);
    nj_tally_fini(&sums->agents);
    nj_tally_fini(&sums->pairs);
    nj_tally_fini(&sums->maybes);
    nj_tally_fini(&sums->sessions);
}

/* One observation in these groups. */
static bool
observe(struct nj_series *series, const uint64_t *keys, unsigned len, int64_t value,
        uint32_t events)
{
    struct nj_observation o = {.groups_len = len, .value = {value}, .events = events};

    for (unsigned k = 0; k < len; k++) {
        o.groups[k] = nj_series_group(series, keys[k]);
        if (o.groups[k] == UINT32_MAX)
            return false;
    }
    return nj_series_add(series, &o);
}

/* An agent that takes part in the trace, and how often something of it was tried again. */
struct player {
    uint32_t agent;
    int64_t retries;
};

static bool
players_count(struct nj_tally *players, const struct nj_errors *e)
{
    const struct nj_trace *trace = e->trace;
    struct player *player = NULL;

    for (uint32_t i = 0; i < trace->spans_len; i++) {
        bool is_attempt =
            e->failed_attempts > 0 && e->in_failed_attempt[i] &&
            (e->tree.parent[i] == NJ_NO_SPAN || !e->in_failed_attempt[e->tree.parent[i]]);
        if (trace->flags[i] & NJ_SPAN_RECONSTRUCTED)
            continue;
        if (!player || player->agent != trace->agent[i]) /* runs of one agent are the rule */
            player = nj_tally_at(players, trace->agent[i]);
        if (!player)
            return false;
        player->agent = trace->agent[i];
        player->retries += is_attempt;
    }
    return true;
}

static bool
trace_observe(struct nj_error_sums *sums, const struct nj_errors *e)
{
    uint32_t events = (e->has_failed ? 1u << NJ_ERROR_TRACE_FAILED : 0) |
                      (e->origins_len > 0 ? 1u << NJ_ERROR_TRACE_HAS_ORIGIN : 0);
    const uint64_t keys[] = {nj_error_group_key(NJ_ERROR_GROUP_ALL, 0),
                             nj_error_group_key(NJ_ERROR_GROUP_NOT_FAILED, 0)};
    struct nj_tally players;
    bool is_done;

    nj_tally_init(&players, sizeof(struct player));
    is_done = nj_series_begin(&sums->traces, e->trace) &&
              observe(&sums->traces, keys, e->has_failed ? 1 : 2, (int64_t)e->failed_attempts,
                      events) &&
              players_count(&players, e);
    for (size_t k = 0; is_done && k < players.len; k++) {
        const struct player *player = nj_tally_get(&players, k);
        uint64_t key = nj_error_group_key(NJ_ERROR_GROUP_PLAYER, player->agent);
        is_done = observe(&sums->traces, &key, 1, player->retries, events);
    }
    nj_tally_fini(&players);
    return is_done && nj_series_end(&sums->traces, e->arena);
}

/* The session that the trace belongs to, as its root or the span says; empty: none. */
static struct nj_slice
session_of(const struct nj_errors *e, uint32_t span)
{
    struct nj_fact_cursor fact;

    if (nj_facts_find(nj_trace_facts(e->trace, e->tree.root), NJ_FACT_SESSION, &fact) ||
        nj_facts_find(nj_trace_facts(e->trace, span), NJ_FACT_SESSION, &fact))
        return fact.bytes;
    return (struct nj_slice){0};
}

static bool
session_add(struct nj_error_sums *sums, uint32_t chain, struct nj_slice session)
{
    const uint64_t parts[] = {nj_hash(nj_names_get(sums->names, chain)), nj_hash(session)};
    uint32_t *of;

    if (session.len == 0)
        return true;
    of = nj_tally_at(&sums->sessions,
                     nj_hash((struct nj_slice){(const char *)parts, sizeof parts}));
    if (of)
        *of = chain;
    return of != NULL;
}

static bool
origin_add(struct nj_error_sums *sums, const struct nj_errors *e,
           const struct nj_error_origin *origin)
{
    const struct nj_error_node *node = &e->nodes[origin->node];
    int64_t latency_ns = e->nodes[node->terminal].at_ns - node->at_ns;
    struct nj_error_chain chain, *kept;
    struct nj_error_agent *agent;
    uint32_t key;

    if (!nj_error_chain_of(&chain, &key, e, origin, sums->names))
        return false;
    kept = nj_tally_find(&sums->chains, key);
    if (kept)
        nj_error_chain_add(kept, &chain, sums->names);
    else if ((kept = nj_tally_at(&sums->chains, key)) != NULL)
        *kept = chain;
    agent = nj_tally_at(&sums->agents, chain.agent);
    if (!kept || !agent || !session_add(sums, key, session_of(e, node->span)))
        return false;
    agent->origins++;
    agent->surfaced += origin->state == NJ_STATE_SURFACED;
    const uint64_t keys[] = {nj_error_group_key(NJ_ERROR_GROUP_CHAIN, key),
                             nj_error_group_key(NJ_ERROR_GROUP_ORIGIN, chain.origin_key),
                             nj_error_group_key(NJ_ERROR_GROUP_SITE, chain.site)};
    return observe(&sums->errors, keys, NJ_LEN(keys), latency_ns > 0 ? latency_ns : 0, 0);
}

/* An error of agent `from` meets agent `to`. */
static bool
arrival_add(struct nj_error_sums *sums, uint32_t from, uint32_t to, enum nj_edge_type type,
            bool is_passed)
{
    struct nj_buf text = {0};
    struct nj_error_pair *pair;
    uint32_t name;

    nj_buf_put_slice(&text, nj_names_get(sums->names, from));
    nj_buf_put_text(&text, type == NJ_EDGE_SIDE ? " beside " : " below ");
    nj_buf_put_slice(&text, nj_names_get(sums->names, to));
    name = text.is_failed ? UINT32_MAX : nj_names_intern(sums->names, nj_buf_slice(&text));
    nj_buf_fini(&text);
    pair = name == UINT32_MAX ? NULL : nj_tally_at(&sums->pairs, name);
    if (!pair || !nj_tally_at(&sums->agents, to))
        return false;
    *pair = (struct nj_error_pair){from, to, (uint8_t)type};
    const uint64_t keys[] = {nj_error_group_key(NJ_ERROR_GROUP_EDGE, name),
                             nj_error_group_key(NJ_ERROR_GROUP_CALLER, to)};
    return observe(&sums->errors, keys, type == NJ_EDGE_SIDE ? 1 : 2, NJ_NO_VALUE,
                   is_passed ? 1u << NJ_ERROR_PASSED : 0);
}

/* Errors whose parent belongs to another agent: of attempts the last one, of cancellations
 * none. Outputs that were handed over with an error in them. */
static bool
arrivals_add(struct nj_error_sums *sums, const struct nj_errors *e)
{
    const uint32_t *agent = e->trace->agent;
    bool is_done = true;

    for (uint32_t n = 0; n < e->nodes_len && is_done; n++) {
        const struct nj_error_node *node = &e->nodes[n];
        uint32_t parent = e->tree.parent[node->span];
        bool is_passed = node->out != NJ_NO_NODE && e->edges[node->out].type <= NJ_EDGE_BRIDGED;
        if (parent == NJ_NO_SPAN || agent[parent] == agent[node->span] ||
            node->next_attempt != NJ_NO_NODE || (node->flags & NJ_ERROR_IS_CANCELLED))
            continue;
        is_done = arrival_add(sums, agent[node->span], agent[parent], NJ_EDGE_UP, is_passed);
    }
    for (uint32_t k = 0; k < e->handovers_len && is_done; k++)
        is_done = arrival_add(sums, agent[e->handovers[k].from], agent[e->handovers[k].to],
                              NJ_EDGE_SIDE, e->handovers[k].is_passed);
    return is_done;
}

static void
maybe_add(struct nj_error_maybe *into, const struct nj_error_maybe *from)
{
    uint64_t count = into->count + from->count;

    if (into->count == 0 ||
        memcmp(from->trace.bytes, into->trace.bytes, sizeof into->trace.bytes) < 0)
        *into = *from;
    into->count = count;
}

/* An edge that is possible and no more. */
static bool
maybe_observe(struct nj_error_sums *sums, const struct nj_errors *e,
              const struct nj_error_edge *edge)
{
    struct nj_error_maybe one = {
        .why = edge->why, .count = 1, .trace = e->trace->id, .trace_text = NJ_NO_NAME};
    struct nj_error_maybe *kept;
    struct nj_buf text = {0};
    size_t middle;
    uint32_t name = UINT32_MAX;

    nj_error_fingerprint_put(e, edge->from, &text);
    middle = text.len;
    nj_error_fingerprint_put(e, edge->to, &text);
    if (!text.is_failed) {
        one.cause = nj_names_intern(sums->names, (struct nj_slice){text.ptr, middle});
        one.effect = nj_names_intern(sums->names, nj_slice_from(nj_buf_slice(&text), middle));
        nj_buf_put_text(&text, nj_why_text((enum nj_why)edge->why));
        name = text.is_failed ? UINT32_MAX : nj_names_intern(sums->names, nj_buf_slice(&text));
    }
    nj_buf_fini(&text);
    if (e->trace->text.len > 0)
        one.trace_text = nj_names_intern(sums->names, e->trace->text);
    if (name == UINT32_MAX || one.cause == UINT32_MAX || one.effect == UINT32_MAX ||
        !(kept = nj_tally_at(&sums->maybes, name)))
        return false;
    maybe_add(kept, &one);
    return true;
}

bool
nj_error_sums_add(struct nj_error_sums *sums, const struct nj_errors *e)
{
    bool is_done = trace_observe(sums, e);

    if (!is_done || e->nodes_len == 0)
        return is_done;
    is_done = nj_series_begin(&sums->errors, e->trace);
    for (uint32_t k = 0; k < e->origins_len && is_done; k++)
        is_done = origin_add(sums, e, &e->origins[k]);
    for (uint32_t k = 0; k < e->edges_len && is_done; k++)
        if (e->edges[k].conf == NJ_CONF_C)
            is_done = maybe_observe(sums, e, &e->edges[k]);
    return is_done && arrivals_add(sums, e) && nj_series_end(&sums->errors, e->arena);
}

static bool
chains_merge(struct nj_error_sums *into, const struct nj_error_sums *from)
{
    for (size_t k = 0; k < from->chains.len; k++) {
        uint64_t key = nj_tally_key(&from->chains, k);
        const struct nj_error_chain *b = nj_tally_get(&from->chains, k);
        struct nj_error_chain *a = nj_tally_find(&into->chains, key);
        if (a)
            nj_error_chain_add(a, b, into->names);
        else if ((a = nj_tally_at(&into->chains, key)) != NULL)
            *a = *b;
        if (!a)
            return false;
    }
    return true;
}

static bool
maybes_merge(struct nj_error_sums *into, const struct nj_error_sums *from)
{
    for (size_t k = 0; k < from->maybes.len; k++) {
        struct nj_error_maybe *a = nj_tally_at(&into->maybes, nj_tally_key(&from->maybes, k));
        if (!a)
            return false;
        maybe_add(a, nj_tally_get(&from->maybes, k));
    }
    for (size_t k = 0; k < from->sessions.len; k++) {
        uint32_t *a = nj_tally_at(&into->sessions, nj_tally_key(&from->sessions, k));
        if (!a)
            return false;
        *a = *(const uint32_t *)nj_tally_get(&from->sessions, k);
    }
    return true;
}

bool
nj_error_sums_merge(struct nj_error_sums *into, struct nj_error_sums *from)
{
    for (size_t k = 0; k < from->agents.len; k++) {
        const struct nj_error_agent *b = nj_tally_get(&from->agents, k);
        struct nj_error_agent *a = nj_tally_at(&into->agents, nj_tally_key(&from->agents, k));
        if (!a)
            return false;
        a->origins += b->origins;
        a->surfaced += b->surfaced;
    }
    for (size_t k = 0; k < from->pairs.len; k++) {
        struct nj_error_pair *a = nj_tally_at(&into->pairs, nj_tally_key(&from->pairs, k));
        if (!a)
            return false;
        *a = *(const struct nj_error_pair *)nj_tally_get(&from->pairs, k);
    }
    return chains_merge(into, from) && maybes_merge(into, from) &&
           nj_series_merge(&into->traces, &from->traces) &&
           nj_series_merge(&into->errors, &from->errors);
}
