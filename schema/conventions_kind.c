/* conventions_kind.c - what kind of span it is: what the program said, its name, what its
 * attributes imply. */
#include "schema/conventions_engine.h"

enum place { PLACE_WHOLE, PLACE_PREFIX, PLACE_SUFFIX };

static const struct {
    struct nj_slice text;
    uint8_t place, kind;
} named_kinds[] = {
#define NJ_NAME_KIND(dialect, place, text, kind)                                               \
    {{text, sizeof text - 1}, PLACE_##place, NJ_KIND_##kind},
#include "schema/span_names.def"
};

/* The kind that the name alone tells, or OTHER. */
static enum nj_kind
named_kind(struct nj_slice name)
{
    for (size_t i = 0; i < NJ_LEN(named_kinds); i++) {
        struct nj_slice text = named_kinds[i].text;
        bool is_it = named_kinds[i].place == PLACE_PREFIX   ? nj_slice_starts(name, text)
                     : named_kinds[i].place == PLACE_SUFFIX ? nj_slice_ends(name, text)
                                                            : nj_slice_eq(name, text);
        if (is_it)
            return (enum nj_kind)named_kinds[i].kind;
    }
    return NJ_KIND_OTHER;
}

/* LangSmith calls every agent a chain and says the rest in its metadata. */
static bool
is_langsmith_agent(const struct nj_findings *f, const struct nj_found *said)
{
    return said->kind == NJ_KIND_CHAIN && nj_found_is(f, NJ_CONCEPT_AGENT_TYPE) &&
           nj_convention_table[said->row].dialect == NJ_DIALECT_LANGSMITH;
}

/* Pydantic AI 2 names the run of an agent by it: "helper run". */
static bool
is_run_of_agent(const struct nj_findings *f, struct nj_slice name)
{
    struct nj_slice agent = nj_found_text(f, NJ_CONCEPT_AGENT_NAME_PLAIN);
    return agent.len && nj_slice_starts(name, agent) &&
           nj_slice_eq(nj_slice_from(name, agent.len), NJ_SLICE(" run"));
}

enum nj_kind
nj_conventions_kind(const struct nj_findings *f, struct nj_slice name)
{
    const struct nj_found *said = nj_found_get(f, NJ_CONCEPT_KIND);

    if (said && said->kind == NJ_KIND_TOOL && named_kind(name) == NJ_KIND_HANDOFF)
        return NJ_KIND_HANDOFF; /* hand-offs are exported as tools */
    if (said)
        return is_langsmith_agent(f, said) ? NJ_KIND_AGENT : said->kind;
    enum nj_kind named = named_kind(name);
    if (named != NJ_KIND_OTHER)
        return named;
    if (is_run_of_agent(f, name))
        return NJ_KIND_AGENT;
    const struct nj_found *rest = nj_found_get(f, NJ_CONCEPT_KIND_IMPLIED);
    if (!rest)
        rest = nj_found_get(f, NJ_CONCEPT_KIND_WEAK);
    return rest ? rest->kind : NJ_KIND_OTHER;
}
