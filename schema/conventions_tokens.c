/* conventions_tokens.c - token counts, whatever the dialect counts in or beside them. */
#include "schema/conventions_engine.h"

static int64_t
count_of(const struct nj_findings *f, enum nj_concept concept)
{
    const struct nj_found *found = nj_found_get(f, concept);
    return found ? found->integer : -1;
}

void
nj_conventions_tokens(struct nj_conventions *c, struct nj_row *row)
{
    static const uint8_t columns[NJ_TOKENS_LEN] = {
        [NJ_TOKEN_INPUT] = NJ_CONCEPT_INPUT,
        [NJ_TOKEN_CACHED] = NJ_CONCEPT_CACHED,
        [NJ_TOKEN_CACHE_WRITE] = NJ_CONCEPT_CACHE_WRITE,
        [NJ_TOKEN_OUTPUT] = NJ_CONCEPT_OUTPUT,
        [NJ_TOKEN_REASONING] = NJ_CONCEPT_REASONING,
    };
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        row->tokens[i] = count_of(&c->span, (enum nj_concept)columns[i]);

    int64_t *input = &row->tokens[NJ_TOKEN_INPUT], output = row->tokens[NJ_TOKEN_OUTPUT];
    int64_t total = count_of(&c->span, NJ_CONCEPT_TOTAL);
    if (*input < 0 && total >= 0 && total >= output)
        *input = total - (output > 0 ? output : 0);
}
