/* conventions_evaluations.c - what somebody thought of a span: labels and scores of
 * evaluations. */
#include "schema/conventions_json.h"

enum { EVALUATIONS_MAX = 64 }; /* of one list that are kept */

/* A value is a label or a score by its type. */
static void
verdict_put(struct nj_buf *facts, const struct nj_value *value)
{
    double score;

    if (value->type == NJ_VALUE_STRING)
        nj_fact_put_cut(facts, NJ_FACT_EVALUATION_LABEL, value->bytes);
    else if (value->type == NJ_VALUE_BOOL)
        nj_fact_put_text(facts, NJ_FACT_EVALUATION_LABEL,
                         value->boolean ? NJ_SLICE("true") : NJ_SLICE("false"));
    else if (nj_value_real(value, &score))
        nj_fact_put_real(facts, NJ_FACT_EVALUATION_SCORE, score);
}

/* One assessment: {"name": …, "feedback": {"value": …}}; expectations have no feedback. */
static void
assessment_read(struct nj_json *json, struct nj_buf *facts)
{
    struct nj_slice key;
    struct nj_value value;

    if (!nj_json_object(json))
        return;
    while (nj_json_object_next(json, &key)) {
        bool is_feedback = nj_slice_eq(key, NJ_SLICE("feedback"));
        if (!is_feedback || nj_json_peek(json) != NJ_JSON_OBJECT) {
            (void)nj_json_skip(json);
            continue;
        }
        (void)nj_json_object(json);
        while (nj_json_object_next(json, &key))
            if (nj_conventions_scalar(json, &value) && nj_slice_eq(key, NJ_SLICE("value")))
                verdict_put(facts, &value);
    }
}

static void
assessments_put(struct nj_conventions *c, const struct nj_findings *f, struct nj_buf *facts)
{
    const struct nj_found *found = nj_found_get(f, NJ_CONCEPT_ASSESSMENTS);
    struct nj_json json;

    if (!found)
        return;
    nj_json_init(&json, nj_conventions_json(c, found->value), false, c->arena);
    if (nj_json_peek(&json) != NJ_JSON_ARRAY || !nj_json_array(&json))
        return;
    for (int i = 0; i < EVALUATIONS_MAX && nj_json_array_next(&json); i++)
        assessment_read(&json, facts);
}

/* Labels, then scores: of a span they are told apart by number, of an event there is one each.
 */
void
nj_evaluations_put(struct nj_conventions *c, const struct nj_findings *f, struct nj_buf *facts)
{
    for (size_t i = 0; i < f->many_len && i < EVALUATIONS_MAX; i++) {
        const struct nj_found *found = &f->many[i].found;
        enum nj_concept concept = (enum nj_concept)nj_convention_table[found->row].concept;
        if (concept == NJ_CONCEPT_EVALUATION_LABEL)
            nj_fact_put_cut(facts, NJ_FACT_EVALUATION_LABEL, found->text);
        else if (concept == NJ_CONCEPT_EVALUATION_SCORE)
            nj_fact_put_real(facts, NJ_FACT_EVALUATION_SCORE, found->real);
    }
    assessments_put(c, f, facts);
}
