/* draft.c - the span that an importer is putting together. */
#include "importers/draft.h"

#include <stdlib.h>

enum { DRAFT_BLOCK_BYTES = 64 << 10 };

/* `list` with room for more than `len` elements; NULL when memory is exhausted. */
static void *
list_grow(void *list, size_t len, size_t *cap, size_t size)
{
    if (len < *cap)
        return list;
    size_t more = *cap ? *cap * 2 : 32;
    void *p = more > SIZE_MAX / 2 / size ? NULL : realloc(list, more * size);
    if (p)
        *cap = more;
    return p;
}

bool
nj_attr_list_grow(struct nj_attr_list *attrs)
{
    void *p = list_grow(attrs->list, attrs->len, &attrs->cap, sizeof *attrs->list);

    if (p)
        attrs->list = p;
    else
        attrs->is_failed = true;
    return p != NULL;
}

void
nj_attr_list_fini(struct nj_attr_list *attrs)
{
    free(attrs->list);
    *attrs = (struct nj_attr_list){0};
}

enum nj_status
nj_draft_init(struct nj_draft *draft, struct nj_error *err)
{
    *draft = (struct nj_draft){.arena = nj_arena_new(DRAFT_BLOCK_BYTES)};
    if (!draft->arena)
        return nj_fail(err, NJ_ENOMEM, "out of memory");
    nj_draft_clear(draft);
    return NJ_OK;
}

void
nj_draft_fini(struct nj_draft *draft)
{
    nj_attr_list_fini(&draft->attrs);
    nj_attr_list_fini(&draft->event_attrs);
    nj_attr_list_fini(&draft->link_attrs);
    free(draft->events);
    free(draft->links);
    nj_arena_free(draft->arena);
    *draft = (struct nj_draft){0};
}

void
nj_draft_clear(struct nj_draft *draft)
{
    nj_arena_reset(draft->arena);
    draft->span = (struct nj_span){.start_ns = NJ_NO_TIME, .end_ns = NJ_NO_TIME};
    draft->attrs.len = draft->event_attrs.len = draft->link_attrs.len = 0;
    draft->events_attrs_used = draft->links_attrs_used = 0;
}

void
nj_draft_event(struct nj_draft *draft, const struct nj_event *event)
{
    size_t len = draft->span.events_len;
    void *p = list_grow(draft->events, len, &draft->events_cap, sizeof *draft->events);

    if (!p) {
        draft->is_failed = true;
        return;
    }
    draft->events = p;
    draft->events[len] = *event;
    draft->events[len].attrs.len = draft->event_attrs.len - draft->events_attrs_used;
    draft->events_attrs_used = draft->event_attrs.len;
    draft->span.events_len++;
}

void
nj_draft_link(struct nj_draft *draft, const struct nj_link *link)
{
    size_t len = draft->span.links_len;
    void *p = list_grow(draft->links, len, &draft->links_cap, sizeof *draft->links);

    if (!p) {
        draft->is_failed = true;
        return;
    }
    draft->links = p;
    draft->links[len] = *link;
    draft->links[len].attrs.len = draft->link_attrs.len - draft->links_attrs_used;
    draft->links_attrs_used = draft->link_attrs.len;
    draft->span.links_len++;
}

void
nj_draft_event_drop(struct nj_draft *draft)
{
    draft->event_attrs.len = draft->events_attrs_used;
}

void
nj_draft_link_drop(struct nj_draft *draft)
{
    draft->link_attrs.len = draft->links_attrs_used;
}

/* Lists move while they grow, so elements are pointed at only when all is there. */
static const struct nj_attr *
attrs_at(const struct nj_attr_list *attrs, size_t i)
{
    return attrs->len ? attrs->list + i : NULL;
}

enum nj_status
nj_draft_send(struct nj_draft *draft, struct nj_sink *sink, struct nj_error *err)
{
    struct nj_span *span = &draft->span;

    if (draft->is_failed || draft->attrs.is_failed || draft->event_attrs.is_failed ||
        draft->link_attrs.is_failed)
        return nj_fail(err, NJ_ENOMEM, "out of memory for the attributes of a span");
    span->attrs.list = draft->attrs.list;
    span->attrs.len = draft->attrs.len;
    for (size_t i = 0, at = 0; i < span->events_len; at += draft->events[i++].attrs.len)
        draft->events[i].attrs.list = attrs_at(&draft->event_attrs, at);
    for (size_t i = 0, at = 0; i < span->links_len; at += draft->links[i++].attrs.len)
        draft->links[i].attrs.list = attrs_at(&draft->link_attrs, at);
    span->events = draft->events;
    span->links = draft->links;
    return sink->span(sink, span, err);
}
