/* yaml.c - a small strict YAML document as a tree that knows its lines. */
#include "gates/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *path;
    struct nj_arena *arena;
    struct nj_error *err;
    struct nj_yaml *stack[NJ_YAML_DEPTH_MAX]; /* open lists and maps */
    struct nj_yaml *last[NJ_YAML_DEPTH_MAX];  /* their last entries */
    struct nj_slice key;                      /* read, its value not yet */
    bool has_key;
    unsigned key_line, key_column;
    unsigned depth;
    struct nj_yaml *root;
};

static enum nj_status
fail_at(struct reader *r, yaml_mark_t mark, const char *what)
{
    return nj_fail(r->err, NJ_EUSAGE, "%s:%zu:%zu: %s", r->path, mark.line + 1, mark.column + 1,
                   what);
}

static enum nj_status
fail_with(const char *path, unsigned line, unsigned column, struct nj_error *err,
          const char *fmt, va_list args)
{
    char text[NJ_ERROR_TEXT_MAX];

    (void)vsnprintf(text, sizeof text, fmt, args);
    return nj_fail(err, NJ_EUSAGE, "%s:%u:%u: %s", path, line, column, text);
}

enum nj_status
nj_yaml_fail(const struct nj_yaml *node, const char *path, struct nj_error *err,
             const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    enum nj_status st = fail_with(path, node->line, node->column, err, fmt, args);
    va_end(args);
    return st;
}

enum nj_status
nj_yaml_fail_key(const struct nj_yaml *node, const char *path, struct nj_error *err,
                 const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    enum nj_status st = fail_with(path, node->key_line, node->key_column, err, fmt, args);
    va_end(args);
    return st;
}

static enum nj_status
node_add(struct reader *r, enum nj_yaml_type type, yaml_mark_t mark, struct nj_yaml **out)
{
    struct nj_yaml *node = NJ_NEW(r->arena, struct nj_yaml, 1);

    if (!node)
        return nj_fail(r->err, NJ_ENOMEM, "no memory to read %s", r->path);
    node->type = type;
    node->line = (unsigned)mark.line + 1;
    node->column = (unsigned)mark.column + 1;
    *out = node;
    if (r->depth == 0) {
        r->root = node;
        return NJ_OK;
    }
    struct nj_yaml *parent = r->stack[r->depth - 1];
    if (parent->type == NJ_YAML_MAP) {
        node->key = r->key;
        node->key_line = r->key_line;
        node->key_column = r->key_column;
        r->has_key = false;
    }
    if (r->last[r->depth - 1])
        r->last[r->depth - 1]->next = node;
    else
        parent->first = node;
    r->last[r->depth - 1] = node;
    return NJ_OK;
}

static bool
is_key_next(const struct reader *r)
{
    return r->depth > 0 && r->stack[r->depth - 1]->type == NJ_YAML_MAP && !r->has_key;
}

static enum nj_status
scalar_add(struct reader *r, const yaml_event_t *event)
{
    struct nj_slice text =
        nj_arena_copy(r->arena, (struct nj_slice){(const char *)event->data.scalar.value,
                                                  event->data.scalar.length});
    struct nj_yaml *node;

    if (!text.ptr)
        return nj_fail(r->err, NJ_ENOMEM, "no memory to read %s", r->path);
    if (event->data.scalar.anchor || event->data.scalar.tag)
        return fail_at(r, event->start_mark, "anchors and tags are not allowed");
    if (is_key_next(r)) {
        for (struct nj_yaml *e = r->stack[r->depth - 1]->first; e; e = e->next)
            if (nj_slice_eq(e->key, text))
                return fail_at(r, event->start_mark, "this key stands twice");
        r->key = text;
        r->key_line = (unsigned)event->start_mark.line + 1;
        r->key_column = (unsigned)event->start_mark.column + 1;
        r->has_key = true;
        return NJ_OK;
    }
    enum nj_status st = node_add(r, NJ_YAML_SCALAR, event->start_mark, &node);
    if (st == NJ_OK) {
        node->scalar = text;
        node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    }
    return st;
}

static enum nj_status
container_open(struct reader *r, const yaml_event_t *event, enum nj_yaml_type type)
{
    const yaml_char_t *anchor = type == NJ_YAML_MAP ? event->data.mapping_start.anchor
                                                    : event->data.sequence_start.anchor;
    const yaml_char_t *tag =
        type == NJ_YAML_MAP ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    struct nj_yaml *node;

    if (anchor || tag)
        return fail_at(r, event->start_mark, "anchors and tags are not allowed");
    if (is_key_next(r))
        return fail_at(r, event->start_mark, "a key must be a plain word");
    if (r->depth == NJ_YAML_DEPTH_MAX)
        return fail_at(r, event->start_mark, "nested too deep");
    enum nj_status st = node_add(r, type, event->start_mark, &node);
    if (st == NJ_OK) {
        r->stack[r->depth] = node;
        r->last[r->depth++] = NULL;
    }
    return st;
}

static enum nj_status
event_take(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scalar_add(r, event);
    case YAML_MAPPING_START_EVENT:
        return container_open(r, event, NJ_YAML_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return container_open(r, event, NJ_YAML_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return NJ_OK;
    case YAML_ALIAS_EVENT:
        return fail_at(r, event->start_mark, "aliases are not allowed");
    case YAML_DOCUMENT_START_EVENT:
        return r->root ? fail_at(r, event->start_mark, "a second document is not allowed")
                       : NJ_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return NJ_OK;
    case YAML_STREAM_END_EVENT:
        return NJ_DONE;
    }
    return NJ_OK;
}

enum nj_status
nj_yaml_read(struct nj_yaml **out, struct nj_slice text, const char *path,
             struct nj_arena *arena, struct nj_error *err)
{
    struct reader r = {.path = path, .arena = arena, .err = err};
    enum nj_status st = NJ_OK;

    if (text.len > NJ_YAML_BYTES_MAX)
        return nj_fail(err, NJ_EUSAGE, "%s: longer than %d bytes", path, NJ_YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return nj_fail(err, NJ_ENOMEM, "no memory to read %s", path);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
    while (st == NJ_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r.parser, &event)) {
            st = fail_at(&r, r.parser.problem_mark,
                         r.parser.problem ? r.parser.problem : "not YAML");
            break;
        }
        st = event_take(&r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&r.parser);
    if (st == NJ_DONE && !r.root)
        st = node_add(&r, NJ_YAML_MAP, (yaml_mark_t){0}, out);
    else
        *out = r.root;
    return st < 0 ? st : NJ_OK;
}
