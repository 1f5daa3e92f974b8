/* conventions_events.c - what the events and links of a span say: exceptions, the first
 * token, calls of tools. */
#include "schema/conventions_engine.h"

enum { EXCEPTIONS_MAX = 32, LINKS_MAX = 4096 };

enum event_name {
    EVENT_OTHER,
    EVENT_EXCEPTION,
    EVENT_FIRST_TOKEN,
    EVENT_ANSWER,
    EVENT_HISTORY,
};

static enum event_name
event_name_of(struct nj_slice name)
{
    static const struct {
        struct nj_slice name;
        enum event_name meaning;
    } names[] = {
#define NJ_EVENT_NAME(dialect, name, meaning) {{name, sizeof name - 1}, EVENT_##meaning},
#include "schema/event_names.def"
#undef NJ_EVENT_NAME
    };
    for (size_t i = 0; i < NJ_LEN(names); i++)
        if (nj_slice_eq(name, names[i].name))
            return names[i].meaning;
    return EVENT_OTHER;
}

static bool
key_is_exceptions(const struct nj_found *found)
{
    return found && nj_slice_starts(nj_slice_of(nj_convention_table[found->row].key),
                                    NJ_SLICE("exception."));
}

/* An event is an exception by its name, or by attributes that only exceptions have. */
static bool
event_is_exception(const struct nj_findings *f, enum event_name name)
{
    return name == EVENT_EXCEPTION ||
           key_is_exceptions(nj_found_get(f, NJ_CONCEPT_EXCEPTION_TYPE)) ||
           key_is_exceptions(nj_found_get(f, NJ_CONCEPT_EXCEPTION_MESSAGE));
}

/* Both texts always follow the time, so that a reader need not guess. */
static void
exception_put(const struct nj_findings *f, struct nj_buf *facts, int64_t time_ns)
{
    struct nj_slice type = nj_found_text(f, NJ_CONCEPT_EXCEPTION_TYPE);
    struct nj_slice message = nj_found_text(f, NJ_CONCEPT_EXCEPTION_MESSAGE);

    nj_fact_put_int(facts, NJ_FACT_EXCEPTION_TIME, time_ns);
    nj_fact_put_text(facts, NJ_FACT_EXCEPTION_TYPE, nj_fact_cut(type));
    nj_fact_put_text(facts, NJ_FACT_EXCEPTION_MESSAGE, nj_fact_cut(message));
}

/* Time from the start to the first token: as told, else by the earliest event of that name. */
static void
first_token_put(const struct nj_conventions *c, struct nj_buf *facts,
                const struct nj_span *span, int64_t event_ns)
{
    const struct nj_found *told = nj_found_get(&c->span, NJ_CONCEPT_FIRST_TOKEN);
    int64_t wait_ns = told ? told->integer : event_ns;
    bool is_instant = !told || nj_convention_table[told->row].reading == NJ_READING_INSTANT;

    if (!told && event_ns == INT64_MAX)
        return;
    if (is_instant && (span->start_ns == NJ_NO_TIME || wait_ns < span->start_ns ||
                       __builtin_sub_overflow(wait_ns, span->start_ns, &wait_ns)))
        return;
    nj_fact_put_int(facts, NJ_FACT_FIRST_TOKEN_NS, wait_ns);
}

/* What one event says; the earliest first token is kept in *first_ns. */
static void
event_read(struct nj_conventions *c, const struct nj_row *row, struct nj_buf *facts,
           const struct nj_event *event, int64_t *first_ns)
{
    enum event_name name = event_name_of(event->name);

    if (name == EVENT_FIRST_TOKEN && event->time_ns < *first_ns)
        *first_ns = event->time_ns;
    nj_findings_read(c, &c->event, event->attrs);
    c->events_pending += nj_found_is(&c->event, NJ_CONCEPT_MARKER);
    if (event_is_exception(&c->event, name) && c->exceptions_len < EXCEPTIONS_MAX) {
        exception_put(&c->event, facts, event->time_ns);
        c->exceptions_len++;
    }
    nj_evaluations_put(c, &c->event, facts);
    if (row->kind == NJ_KIND_LLM && name != EVENT_HISTORY)
        nj_calls_read(c, &c->event, name == EVENT_ANSWER);
}

static void
links_put(struct nj_conventions *c, struct nj_buf *facts, const struct nj_span *span)
{
    for (size_t i = 0; i < span->links_len && i < LINKS_MAX; i++) {
        const struct nj_link *link = &span->links[i];
        nj_findings_read(c, &c->event, link->attrs);
        struct nj_slice reference = nj_found_text(&c->event, NJ_CONCEPT_REFERENCE);
        struct nj_fact_link fact = {
            .trace_id = link->trace_id,
            .span_id = link->span_id,
            .is_follows_from = nj_slice_eq(reference, NJ_SLICE("follows_from")) ||
                               nj_slice_eq(reference, NJ_SLICE("FOLLOWS_FROM")),
        };
        nj_fact_put_link(facts, &fact);
    }
}

size_t
nj_conventions_events_pending(const struct nj_conventions *conventions)
{
    return conventions->events_pending;
}

void
nj_conventions_events(struct nj_conventions *c, const struct nj_row *row, struct nj_buf *facts,
                      const struct nj_span *span)
{
    int64_t first_ns = INT64_MAX;

    c->requested.len = c->answered.len = c->exceptions_len = 0;
    c->events_pending = 0;
    nj_evaluations_put(c, &c->span, facts);
    if (row->kind == NJ_KIND_LLM)
        nj_calls_read(c, &c->span, false);
    for (size_t i = 0; i < span->events_len; i++)
        event_read(c, row, facts, &span->events[i], &first_ns);
    first_token_put(c, facts, span, first_ns);
    nj_calls_put(c, facts);
    links_put(c, facts, span);
}
