/* conventions_handoff.c - which agent hands over to which. */
#include "schema/conventions_json.h"

/* A name from what a hand-off took or gave: the text itself, or the member of this name. */
static struct nj_slice
side_of(struct nj_conventions *c, enum nj_concept concept, struct nj_slice member)
{
    enum { NAME_BYTES = 256 };
    const struct nj_found *found = nj_found_get(&c->span, concept);
    struct nj_slice key, none = {"", 0};
    struct nj_value value;
    struct nj_json json;

    if (!found)
        return none;
    struct nj_slice text = nj_conventions_json(c, found->value);
    nj_json_init(&json, text, false, c->arena);
    if (nj_json_peek(&json) != NJ_JSON_OBJECT)
        return text.len <= NAME_BYTES && text.len && text.ptr[0] != '[' ? text : none;
    (void)nj_json_object(&json);
    while (nj_json_object_next(&json, &key))
        if (nj_conventions_scalar(&json, &value) && nj_slice_eq(key, member))
            return nj_value_text(&value);
    return none;
}

/* "handoff to B", "Handoff: A → B", "A → B.handoff", "transfer_to_B". */
static void
name_split(struct nj_slice name, struct nj_slice *from, struct nj_slice *to)
{
    static const struct {
        struct nj_slice text;
    } prefixes[] = {{{"handoff to ", 11}}, {{"Handoff: ", 9}}, {{"transfer_to_", 12}}};
    static const struct nj_slice arrow = {" \xe2\x86\x92 ", 5}, suffix = {".handoff", 8};
    bool is_known = nj_slice_ends(name, suffix);

    name.len -= is_known ? suffix.len : 0;
    for (size_t i = 0; i < NJ_LEN(prefixes) && !is_known; i++) {
        is_known = nj_slice_starts(name, prefixes[i].text);
        name = is_known ? nj_slice_from(name, prefixes[i].text.len) : name;
    }
    if (!is_known)
        return;
    for (size_t i = 0; i + arrow.len < name.len; i++)
        if (nj_slice_starts(nj_slice_from(name, i), arrow)) {
            *from = (struct nj_slice){name.ptr, i};
            name = nj_slice_from(name, i + arrow.len);
        }
    *to = name;
}

void
nj_handoff_facts(struct nj_conventions *c, const struct nj_row *row, struct nj_buf *facts,
                 struct nj_slice name)
{
    struct nj_slice from = nj_found_text(&c->span, NJ_CONCEPT_HANDOFF_FROM);
    struct nj_slice to = nj_found_text(&c->span, NJ_CONCEPT_HANDOFF_TO);
    struct nj_slice named_from = {"", 0}, named_to = {"", 0};

    if (row->kind == NJ_KIND_HANDOFF) {
        if (!from.len)
            from = side_of(c, NJ_CONCEPT_ARGUMENTS, NJ_SLICE("from_agent"));
        if (!to.len)
            to = side_of(c, NJ_CONCEPT_RESULT, NJ_SLICE("to_agent"));
        name_split(name, &named_from, &named_to);
    } else if (row->kind == NJ_KIND_TOOL) {
        name_split(nj_names_get(c->names, row->tool), &named_from, &named_to);
    }
    nj_fact_put_cut(facts, NJ_FACT_HANDOFF_FROM, from.len ? from : named_from);
    nj_fact_put_cut(facts, NJ_FACT_HANDOFF_TO, to.len ? to : named_to);
}
