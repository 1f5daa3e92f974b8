/* conventions_agent.c - whose span it is, by what stands on the span itself; inheritance is the
 * business of trees. */
#include "schema/conventions_engine.h"
#include "schema/operation.h"

enum place { PLACE_PREFIX, PLACE_SUFFIX };

static const struct {
    struct nj_slice text;
    enum place place;
} strips[] = {
#define NJ_NAME_STRIP(place, text) {{text, sizeof text - 1}, PLACE_##place},
#include "schema/span_names.def"
};

static const struct nj_slice generic_names[] = {
#define NJ_NAME_GENERIC(text) {text, sizeof text - 1},
#include "schema/span_names.def"
};

static const struct nj_slice generic_nodes[] = {
#define NJ_NODE_GENERIC(text) {text, sizeof text - 1},
#include "schema/span_names.def"
};

static bool
is_in(const struct nj_slice *list, size_t len, struct nj_slice text)
{
    for (size_t i = 0; i < len; i++)
        if (nj_slice_eq(list[i], text))
            return true;
    return false;
}

struct nj_slice
nj_name_strip(struct nj_slice name)
{
    for (size_t i = 0; i < NJ_LEN(strips); i++) {
        struct nj_slice text = strips[i].text;
        if (strips[i].place == PLACE_PREFIX && nj_slice_starts(name, text))
            name = nj_slice_from(name, text.len);
        else if (strips[i].place == PLACE_SUFFIX && nj_slice_ends(name, text))
            name.len -= text.len;
    }
    bool is_wrapped =
        name.len >= 2 && ((name.ptr[0] == '\'' && name.ptr[name.len - 1] == '\'') ||
                          (name.ptr[0] == '[' && name.ptr[name.len - 1] == ']'));
    return is_wrapped ? (struct nj_slice){name.ptr + 1, name.len - 2} : name;
}

/* "hotel_researcher:uuid|agent:uuid": the deepest node that is no part of every ready-made
 * graph; empty if there is none. */
static struct nj_slice
namespace_agent(struct nj_slice path)
{
    size_t end = path.len;

    for (size_t i = path.len; i-- > 0;) {
        if (i > 0 && path.ptr[i - 1] != '|')
            continue;
        struct nj_slice node = {path.ptr + i, end - i};
        const char *colon = memchr(node.ptr, ':', node.len);
        if (colon)
            node.len = (size_t)(colon - node.ptr);
        if (node.len && !is_in(generic_nodes, NJ_LEN(generic_nodes), node))
            return node;
        end = i ? i - 1 : 0;
    }
    return (struct nj_slice){"", 0};
}

/* The name of an agent span, where it names the agent: without run ids, and not generic, an id
 * or the name of the model. */
static struct nj_slice
span_name_agent(struct nj_conventions *c, struct nj_slice name)
{
    struct nj_slice agent = nj_name_strip(name), none = {"", 0};

    if (is_in(generic_names, NJ_LEN(generic_names), agent) || nj_text_is_id(agent) ||
        nj_slice_eq(agent, nj_found_text(&c->span, NJ_CONCEPT_MODEL_ASKED)) ||
        nj_slice_eq(agent, nj_found_text(&c->span, NJ_CONCEPT_MODEL_ANSWERED)))
        return none;
    c->scratch.len = 0;
    if (!nj_operation_write(&c->scratch, agent, none))
        return agent;
    return nj_buf_slice(&c->scratch);
}

static const struct rule {
    uint8_t concept, how;
    bool is_for_agents;
} rules[] = {
    {NJ_CONCEPT_AGENT_GEN_AI, NJ_HOW_GEN_AI_AGENT_NAME, false},
    {NJ_CONCEPT_AGENT_NAME, NJ_HOW_AGENT_NAME, false},
    {NJ_CONCEPT_AGENT_NAME_PLAIN, NJ_HOW_AGENT_NAME_PLAIN, false},
    {NJ_CONCEPT_AGENT_ENTITY, NJ_HOW_ENTITY, true},
    {NJ_CONCEPT_AGENT_LC_NAME, NJ_HOW_METADATA, false},
    {NJ_CONCEPT_AGENT_NAMESPACE, NJ_HOW_METADATA, false},
    {NJ_CONCEPT_AGENT_FUNCTION, NJ_HOW_FUNCTION_ID, false},
    {NJ_CONCEPT_NONE, NJ_HOW_SPAN_NAME, true},
    {NJ_CONCEPT_AGENT_ID, NJ_HOW_AGENT_ID, false},
};

static struct nj_slice
rule_text(struct nj_conventions *c, const struct rule *rule, struct nj_slice name)
{
    if (rule->how == NJ_HOW_SPAN_NAME)
        return span_name_agent(c, name);
    struct nj_slice text = nj_found_text(&c->span, (enum nj_concept)rule->concept);
    return rule->concept == NJ_CONCEPT_AGENT_NAMESPACE ? namespace_agent(text) : text;
}

void
nj_conventions_agent(struct nj_conventions *c, struct nj_row *row, struct nj_slice name)
{
    row->agent = NJ_NO_NAME;
    row->how = NJ_HOW_NONE;
    for (size_t i = 0; i < NJ_LEN(rules) && row->how == NJ_HOW_NONE; i++) {
        if (rules[i].is_for_agents && row->kind != NJ_KIND_AGENT)
            continue;
        row->agent = nj_conventions_intern(c, rule_text(c, &rules[i], name));
        if (row->agent != NJ_NO_NAME)
            row->how = rules[i].how;
    }
}
