/* draft.h - the span that an importer is putting together (floor 3).
 *
 * One draft an input, used again for every span: clear it, set the plain fields of `span`, put
 * attributes, close events and links, send it. Everything that was put is borrowed until the
 * draft is sent; what has to be made (unescaped text, nested values) goes into `arena`. Memory
 * that runs out is remembered and comes back from nj_draft_send. */
#ifndef NJ_IMPORTERS_DRAFT_H
#define NJ_IMPORTERS_DRAFT_H

#include "base/arena.h"
#include "schema/span.h"

/* A growing list of attributes. */
struct nj_attr_list {
    struct nj_attr *list;
    size_t len, cap;
    bool is_failed;
};

struct nj_draft {
    struct nj_span span; /* attrs, events and links are filled in by nj_draft_send */
    struct nj_arena *arena;
    struct nj_attr_list attrs;
    struct nj_attr_list event_attrs, link_attrs; /* of all events, of all links, in order */
    struct nj_event *events;
    struct nj_link *links;
    size_t events_cap, links_cap;
    size_t events_attrs_used, links_attrs_used; /* that belong to closed events and links */
    bool is_failed;
};

/* Room for one more attribute, then it stands there. */
bool nj_attr_list_grow(struct nj_attr_list *attrs);
void nj_attr_list_fini(struct nj_attr_list *attrs);

static inline void
nj_attr_list_put(struct nj_attr_list *attrs, struct nj_slice key, struct nj_value value)
{
    if (attrs->len < attrs->cap || nj_attr_list_grow(attrs))
        attrs->list[attrs->len++] = (struct nj_attr){key, value};
}

static inline void
nj_attr_list_put_text(struct nj_attr_list *attrs, const char *key, struct nj_slice text)
{
    nj_attr_list_put(attrs, nj_slice_of(key),
                     (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text});
}

enum nj_status nj_draft_init(struct nj_draft *draft, struct nj_error *err) NJ_CHECKED;
void nj_draft_fini(struct nj_draft *draft);

/* An empty span again, without parent and times; empties the arena. */
void nj_draft_clear(struct nj_draft *draft);

/* Closes an event: it owns the attributes put into event_attrs since the last one. `event`
 * gives everything but the list. */
void nj_draft_event(struct nj_draft *draft, const struct nj_event *event);
/* Closes a link in the same way, with link_attrs. */
void nj_draft_link(struct nj_draft *draft, const struct nj_link *link);

/* Forget the attributes that were put since the last event or link: it could not be read. */
void nj_draft_event_drop(struct nj_draft *draft);
void nj_draft_link_drop(struct nj_draft *draft);

/* Puts the lists into the span and hands it to the sink. */
enum nj_status nj_draft_send(struct nj_draft *draft, struct nj_sink *sink,
                             struct nj_error *err) NJ_CHECKED;

#endif
