/* conventions_tokens.c - tokens and cost, whatever the dialect counts in or beside them. */
#include "schema/conventions_json.h"

enum { DEPTH_MAX = 4 }; /* of objects in a usage object; deeper ones are left out */

/* What an object of counts says; -1 where it does not. */
struct tally {
    int64_t counts[NJ_CONCEPTS_LEN];
    int64_t other_input, other_output; /* of kinds that are in no column: audio, images */
};

static const struct {
    struct nj_slice member;
    uint8_t concept;
} members[] = {
#define NJ_USAGE(member, concept) {{member, sizeof member - 1}, NJ_CONCEPT_##concept},
#include "schema/usage.def"
#undef NJ_USAGE
};

static enum nj_concept
member_concept(struct nj_slice key)
{
    for (size_t i = 0; i < NJ_LEN(members); i++)
        if (nj_slice_eq(members[i].member, key))
    return (enum nj_concept)members[i].concept;
    return NJ_CONCEPT_NONE;
}

static void
tally_put(struct tally *tally, struct nj_slice key, const struct nj_value *value)
{
    enum nj_concept concept = member_concept(key);
    int64_t count;

    if (!nj_value_int(value, &count) || count < 0)
        return;
    if (concept != NJ_CONCEPT_NONE)
        tally->counts[concept] = count;
    else if (nj_slice_starts(key, NJ_SLICE("input_")) && count < INT64_MAX - tally->other_input)
        tally->other_input += count;
    else if (nj_slice_starts(key, NJ_SLICE("output_")) &&
             count < INT64_MAX - tally->other_output)
        tally->other_output += count;
}

static void
tally_read(struct nj_conventions *c, struct tally *tally, const struct nj_value *object)
{
    struct nj_json json;
    struct nj_slice key;
    struct nj_value value;

    for (size_t i = 0; i < NJ_CONCEPTS_LEN; i++)
        tally->counts[i] = -1;
    tally->other_input = tally->other_output = 0;
    nj_json_init(&json, nj_conventions_json(c, object), false, c->arena);
    unsigned depth = nj_json_object(&json);
    while (depth > 0) {
        if (!nj_json_object_next(&json, &key)) {
            depth = json.error ? 0 : depth - 1;
        } else if (nj_json_peek(&json) == NJ_JSON_OBJECT && depth < DEPTH_MAX) {
            depth += nj_json_object(&json);
        } else if (nj_conventions_scalar(&json, &value)) {
            tally_put(tally, key, &value);
        }
    }
}

static int64_t
at_least_0(int64_t count)
{
    return count > 0 ? count : 0;
}

/* Input is told without what came from caches, and output perhaps without reasoning. Where a
 * total is told, it decides; where it fits neither, input counts as told without. */
static void
tally_include(struct tally *tally)
{
    int64_t *counts = tally->counts;
    int64_t input = at_least_0(counts[NJ_CONCEPT_INPUT]);
    int64_t output = at_least_0(counts[NJ_CONCEPT_OUTPUT]);
    int64_t beside_input = at_least_0(counts[NJ_CONCEPT_CACHED]) +
                           at_least_0(counts[NJ_CONCEPT_CACHE_WRITE]) + tally->other_input;
    int64_t beside_output = at_least_0(counts[NJ_CONCEPT_REASONING]) + tally->other_output;
    int64_t total = counts[NJ_CONCEPT_TOTAL];
    bool adds_input = true, adds_output = false;

    for (int way = 0; total >= 0 && way < 4; way++) {
        bool with_input = way < 2, with_output = way % 2 == 1;
        int64_t sum = input + (with_input ? beside_input : 0) + output +
                      (with_output ? beside_output : 0);
        if (sum == total) {
            adds_input = with_input;
            adds_output = with_output;
            break;
        }
    }
    if (counts[NJ_CONCEPT_INPUT] >= 0 || beside_input > 0)
        counts[NJ_CONCEPT_INPUT] = input + (adds_input ? beside_input : 0);
    if (counts[NJ_CONCEPT_OUTPUT] >= 0)
        counts[NJ_CONCEPT_OUTPUT] = output + (adds_output ? beside_output : 0);
}

static const uint8_t columns[NJ_TOKENS_LEN] = {
    [NJ_TOKEN_INPUT] = NJ_CONCEPT_INPUT,
    [NJ_TOKEN_CACHED] = NJ_CONCEPT_CACHED,
    [NJ_TOKEN_CACHE_WRITE] = NJ_CONCEPT_CACHE_WRITE,
    [NJ_TOKEN_OUTPUT] = NJ_CONCEPT_OUTPUT,
    [NJ_TOKEN_REASONING] = NJ_CONCEPT_REASONING,
};

/* Fills what the attributes of their own leave open. */
static void
object_fill(struct nj_conventions *c, int64_t *tokens, int64_t *total, enum nj_concept concept)
{
    const struct nj_found *object = nj_found_get(&c->span, concept);
    struct tally tally;

    if (!object)
        return;
    tally_read(c, &tally, object->value);
    if (nj_convention_table[object->row].reading == NJ_READING_BESIDE_CACHE)
        tally_include(&tally);
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        if (tokens[i] < 0)
            tokens[i] = tally.counts[columns[i]];
    if (*total < 0)
        *total = tally.counts[NJ_CONCEPT_TOTAL];
}

static int64_t
count_of(const struct nj_findings *f, enum nj_concept concept)
{
    const struct nj_found *found = nj_found_get(f, concept);
    return found ? found->integer : -1;
}

void
nj_conventions_tokens(struct nj_conventions *c, struct nj_row *row)
{
    int64_t total = count_of(&c->span, NJ_CONCEPT_TOTAL), *tokens = row->tokens;

    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        tokens[i] = count_of(&c->span, (enum nj_concept)columns[i]);
    object_fill(c, tokens, &total, NJ_CONCEPT_USAGE);
    object_fill(c, tokens, &total, NJ_CONCEPT_INPUT_DETAILS);
    object_fill(c, tokens, &total, NJ_CONCEPT_OUTPUT_DETAILS);
    int64_t output = at_least_0(tokens[NJ_TOKEN_OUTPUT]);
    if (tokens[NJ_TOKEN_INPUT] < 0 && total >= output)
        tokens[NJ_TOKEN_INPUT] = total - output;
}

/* Members of a cost object are money: a total, or parts to be added. */
static bool
cost_object(struct nj_conventions *c, const struct nj_value *object, double *cost)
{
    struct nj_json json;
    struct nj_slice key;
    struct nj_value value;
    double part, parts = 0;
    bool has_total = false, has_part = false;

    if (nj_value_real(object, cost))
        return true;
    nj_json_init(&json, nj_conventions_json(c, object), false, c->arena);
    if (!nj_json_object(&json))
        return false;
    while (nj_json_object_next(&json, &key)) {
        if (!nj_conventions_scalar(&json, &value) || !nj_value_real(&value, &part))
            continue;
        enum nj_concept concept = member_concept(key);
        bool is_total = concept == NJ_CONCEPT_TOTAL || concept == NJ_CONCEPT_COST;
        if (is_total)
            *cost = part;
        else
            parts += part;
        has_total |= is_total;
        has_part = true;
    }
    if (!has_total)
        *cost = parts;
    return has_part;
}

bool
nj_conventions_cost(struct nj_conventions *c, double *cost)
{
    const struct nj_found *total = nj_found_get(&c->span, NJ_CONCEPT_COST);
    const struct nj_found *input = nj_found_get(&c->span, NJ_CONCEPT_COST_INPUT);
    const struct nj_found *output = nj_found_get(&c->span, NJ_CONCEPT_COST_OUTPUT);

    if (total && nj_convention_table[total->row].reading == NJ_READING_STRUCTURE)
        return cost_object(c, total->value, cost);
    *cost = total ? total->real : (input ? input->real : 0) + (output ? output->real : 0);
    return total || input || output;
}
