/* json_records.c - records out of JSON of any size. */
#include "importers/json_records.h"

enum {
    LEVELS_MAX = 16,          /* of containers inside each other; a format has four */
    LOOK_BYTES = 16 << 10,    /* that are looked at to tell a container from a record */
    RESYNC_LOOK_BYTES = 2048, /* the same while looking for the next whole thing */
    ARENA_BLOCK_BYTES = 256 << 10,
    FIRST_KEY_BYTES = 64,
};

/* An array or container that the walk has entered. */
struct level {
    bool is_array;
    bool is_list;     /* its objects are records, whatever they look like */
    bool is_member;   /* a container that belongs to the one around it */
    const char *name; /* of the member that it is; NULL at the top */
    unsigned depth;   /* of the walk inside it */
};

/* The key with which the first record or container of an input began. */
struct first_key {
    char text[FIRST_KEY_BYTES];
    size_t len;
};

struct reading {
    struct nj_json_records *records;
    struct nj_json_walk *walk;
    struct nj_error *err;
    struct level levels[LEVELS_MAX];
    size_t levels_len;
    struct first_key record_key, container_key;
    size_t container_level; /* levels around the containers */
    bool is_hidden;         /* reading goes on in a list whose beginning is damaged */
    const char *expected;   /* at the first damage, or NULL */
    uint64_t offset;        /* where that is */
};

/* PLAIN: whole, and neither of the others. UNKNOWN: it goes on where nobody looked. */
enum what { WHAT_UNKNOWN, WHAT_PLAIN, WHAT_RECORD, WHAT_CONTAINER };

const char *
nj_json_name_find(const char *const *names, struct nj_slice key)
{
    for (size_t i = 0; names && names[i]; i++)
        if (nj_slice_eq(nj_slice_of(names[i]), key))
            return names[i];
    return NULL;
}

void
nj_json_records_damage(struct nj_json_records *records, enum nj_diag_id id, const char *at,
                       const char *expected)
{
    nj_diag_at(records->sink->diags, id, "%s: byte %llu: expected %s", records->input->path,
               (unsigned long long)(records->offset + (uint64_t)(at - records->text)),
               expected);
}

static void
damage_here(struct reading *r, enum nj_diag_id id, const char *expected)
{
    nj_diag_at(r->records->sink->diags, id, "%s: byte %llu: expected %s",
               r->records->input->path, (unsigned long long)nj_json_walk_offset(r->walk),
               expected);
}

/* The bytes from the walk's place on, `len` of them if there are as many. */
static struct nj_slice
look_ahead(struct reading *r, size_t len)
{
    enum nj_status st = nj_stream_want(r->walk->stream, r->walk->at + len, r->err);
    if (st < 0)
        r->walk->status = st;
    struct nj_slice window = nj_slice_from(nj_stream_window(r->walk->stream), r->walk->at);
    if (window.len > len)
        window.len = len;
    return window;
}

/* Tells by its members what the object at the front of `text` is; its first key goes to
 * *first. */
static enum what
object_classify(const struct nj_json_shape *shape, struct nj_slice text, struct nj_arena *arena,
                struct first_key *first)
{
    struct nj_json json;
    struct nj_slice key;
    bool is_first = true;

    first->len = 0;
    nj_json_init(&json, text, false, arena);
    if (!nj_json_object(&json))
        return WHAT_UNKNOWN;
    while (nj_json_object_next(&json, &key)) {
        if (is_first && key.len < sizeof first->text) {
            memcpy(first->text, key.ptr, key.len);
            first->len = key.len;
        }
        is_first = false;
        if (nj_json_name_find(shape->marks, key))
            return WHAT_RECORD;
        enum nj_json_type type = nj_json_peek(&json);
        if ((type == NJ_JSON_ARRAY || type == NJ_JSON_OBJECT) &&
            (nj_json_name_find(shape->lists, key) || nj_json_name_find(shape->containers, key)))
            return WHAT_CONTAINER;
        if (!nj_json_skip(&json))
            break;
    }
    return json.error ? WHAT_UNKNOWN : WHAT_PLAIN;
}

/* Enters the array or object that comes next. */
static enum nj_status
level_push(struct reading *r, struct level level)
{
    struct nj_json_records *records = r->records;

    if (r->levels_len == LEVELS_MAX) {
        damage_here(r, NJ_DIAG_NESTING_TOO_DEEP, "fewer lists in each other");
        (void)nj_json_walk_skip(r->walk);
        return NJ_OK;
    }
    if (!(level.is_array ? nj_json_walk_array(r->walk) : nj_json_walk_object(r->walk)))
        return NJ_OK;
    level.depth = r->walk->depth;
    r->levels[r->levels_len++] = level;
    return !level.is_array && records->begin
               ? records->begin(records->context, level.name, r->err)
               : NJ_OK;
}

/* Reads the records that waited. They were checked when they came. */
static enum nj_status
waiting_read(struct reading *r)
{
    struct nj_json_records *records = r->records;
    struct nj_slice text;
    struct nj_json json;
    enum nj_status st = NJ_OK;

    while (st == NJ_OK) {
        st = nj_hold_take(&records->hold, &text, &records->offset, r->err);
        if (st != NJ_OK)
            break;
        records->text = text.ptr;
        nj_arena_reset(records->arena);
        nj_json_init(&json, text, true, records->arena);
        st = records->record(records->context, &json, r->err);
    }
    return st < 0 ? st : NJ_OK;
}

/* Leaves the innermost array or container. */
static enum nj_status
level_pop(struct reading *r)
{
    const struct level *level = &r->levels[--r->levels_len];
    struct nj_json_records *records = r->records;
    enum nj_status st = NJ_OK;

    if (level->is_array)
        return NJ_OK;
    if (!level->is_member && !nj_hold_is_empty(&records->hold))
        st = waiting_read(r);
    if (st == NJ_OK && records->end)
        st = records->end(records->context, level->name, r->err);
    return st;
}

/* Takes the next value and opens a cursor on it; false when it is too long or damaged. */
static bool
value_take(struct reading *r, struct nj_json *json)
{
    struct nj_json_records *records = r->records;
    struct nj_slice text;

    (void)nj_json_walk_peek(r->walk);
    records->offset = nj_json_walk_offset(r->walk);
    if (!nj_json_walk_take(r->walk, NJ_STREAM_WINDOW_MAX / 2, &text)) {
        if (!r->walk->error && r->walk->is_too_long) {
            damage_here(r, NJ_DIAG_RECORD_TOO_LONG, "at most 512 MiB");
            (void)nj_json_walk_skip(r->walk);
        }
        return false;
    }
    records->text = text.ptr;
    nj_arena_reset(records->arena);
    nj_json_init(json, text, true, records->arena);
    return true;
}

static bool
key_matches(const struct first_key *key, struct nj_slice text)
{
    return key->len > 0 && text.len > key->len && text.ptr[key->len] == '"' &&
           memcmp(text.ptr, key->text, key->len) == 0;
}

/* The first place in `text` where something begins like a record or container; text.len: none.
 * As long as no record was read, every object may be one. */
static size_t
candidate_find(const struct reading *r, struct nj_slice text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;

    while (at < end && (at = memchr(at, '{', (size_t)(end - at)))) {
        const char *quote = at + 1;
        while (quote < end &&
               (*quote == ' ' || *quote == '\n' || *quote == '\t' || *quote == '\r'))
            quote++;
        struct nj_slice key = {quote + 1, quote < end ? (size_t)(end - quote) - 1 : 0};
        if (key.len > 0 && *quote == '"' &&
            (r->record_key.len == 0 || key_matches(&r->record_key, key) ||
             key_matches(&r->container_key, key)))
            return (size_t)(at - text.ptr);
        at++;
    }
    return text.len;
}

/* Sets the walk behind damage, before a value inside this many levels. Where those end in an
 * object, damage has hidden the name of a list: the value is an element of that. */
static enum nj_status
resume_inside(struct reading *r, size_t levels_len)
{
    struct level list = {.is_array = true, .is_list = true};
    enum nj_status st = NJ_OK;

    while (st == NJ_OK && r->levels_len > levels_len)
        st = level_pop(r);
    r->walk->error = NULL;
    r->walk->is_opened = true;
    r->walk->depth = levels_len ? r->levels[levels_len - 1].depth : 0;
    if (st == NJ_OK && r->is_hidden) {
        list.name = r->records->shape->lists[0];
        list.depth = ++r->walk->depth;
        r->levels[r->levels_len++] = list;
    }
    return st;
}

/* Whether reading may go on at the candidate at the front of `text`, and inside how many
 * levels. */
static bool
can_resume(struct reading *r, struct nj_slice text, size_t *levels_len)
{
    struct first_key unused;
    size_t len = r->levels_len;

    if (text.len > RESYNC_LOOK_BYTES)
        text.len = RESYNC_LOOK_BYTES;
    nj_arena_reset(r->records->arena);
    enum what what = object_classify(r->records->shape, text, r->records->arena, &unused);
    *levels_len = what == WHAT_CONTAINER ? r->container_level : len;
    r->is_hidden = false;
    if (what == WHAT_CONTAINER)
        return r->container_key.len > 0 && len >= r->container_level;
    r->is_hidden = what == WHAT_RECORD && len > 0 && !r->levels[len - 1].is_array;
    return what == WHAT_RECORD &&
           (!r->is_hidden || (r->records->shape->lists && len < LEVELS_MAX));
}

static void
advance(struct reading *r, size_t len)
{
    nj_stream_skip(r->walk->stream, r->walk->at + len);
    r->walk->at = 0;
}

/* After damage: on to the next record or container; NJ_DONE when there is none. */
static enum nj_status
resync(struct reading *r)
{
    for (;;) {
        size_t levels_len;
        struct nj_slice text = look_ahead(r, LOOK_BYTES);
        size_t at = candidate_find(r, text);
        if (text.len == 0)
            return NJ_DONE;
        if (at == text.len) { /* but one may be cut off by the end of `text` */
            advance(r, text.len < LOOK_BYTES ? text.len : text.len - 2 * FIRST_KEY_BYTES);
            continue;
        }
        advance(r, at);
        if (can_resume(r, look_ahead(r, RESYNC_LOOK_BYTES), &levels_len))
            return resume_inside(r, levels_len);
        advance(r, 1);
    }
}

/* What stands at the top is a line; what is inside something is a record of a document. */
static enum nj_diag_id
damage_id(const struct reading *r, bool is_cut)
{
    if (r->levels_len == 0)
        return is_cut ? NJ_DIAG_LINE_CUT : NJ_DIAG_LINE_INVALID;
    return is_cut ? NJ_DIAG_INPUT_CUT : NJ_DIAG_RECORD_INVALID;
}

static void
damage_count(struct reading *r, enum nj_diag_id id, uint64_t offset, const char *expected)
{
    nj_diag_at(r->records->sink->diags, id, "%s: byte %llu: expected %s",
               r->records->input->path, (unsigned long long)offset, expected);
    if (!r->expected) {
        r->expected = expected;
        r->offset = offset;
    }
}

/* The walk cannot go on: something is damaged, or the input ends too early. */
static enum nj_status
walk_damaged(struct reading *r)
{
    struct nj_json_walk *walk = r->walk;
    uint64_t offset = nj_json_walk_offset(walk);
    const char *expected = walk->error;
    bool is_cut = walk->is_end || walk->status < 0;

    if (walk->status < 0 && walk->status != NJ_EFORMAT)
        return walk->status;
    enum nj_diag_id damaged = damage_id(r, false), cut = damage_id(r, true);
    if (walk->at < nj_stream_window(walk->stream).len)
        advance(r, 1);
    enum nj_status st = resync(r);
    if (st >= 0)
        damage_count(r, st == NJ_DONE && is_cut ? cut : damaged, offset, expected);
    return st;
}

/* The JSON of a record is damaged at json->at. Where the damage hides brackets, records behind
 * it were taken for a part of it: goes back to the first of them. */
static enum nj_status
record_damaged(struct reading *r, const struct nj_json *json)
{
    struct nj_slice rest = {json->at, (size_t)(json->end - json->at)};
    uint64_t offset = r->records->offset + (uint64_t)(json->at - r->records->text);
    size_t levels_len;

    damage_count(r, damage_id(r, false), offset, json->error);
    while (rest.len > 0) {
        rest = nj_slice_from(rest, candidate_find(r, rest));
        if (rest.len > 0 && can_resume(r, rest, &levels_len)) {
            r->walk->at -= rest.len;
            return resume_inside(r, levels_len);
        }
        rest = nj_slice_from(rest, 1);
    }
    return NJ_OK;
}

/* Hands a record on, or lets it wait. */
static enum nj_status
record_give(struct reading *r, struct nj_json *json)
{
    struct nj_json_records *records = r->records;
    bool is_inside = false;

    for (size_t i = 0; i < r->levels_len; i++)
        is_inside |= !r->levels[i].is_array;
    if (!is_inside || !records->waits || !records->waits(records->context))
        return records->record(records->context, json, r->err);
    struct nj_slice text = {json->begin, (size_t)(json->end - json->begin)};
    return nj_json_skip(json) ? nj_hold_put(&records->hold, text, records->offset, r->err)
                              : NJ_OK;
}

static enum nj_status
record_read(struct reading *r)
{
    struct nj_json_records *records = r->records;
    struct nj_json json;

    if (!value_take(r, &json))
        return NJ_OK;
    enum nj_status st = record_give(r, &json);
    if (st < 0)
        return st;
    if (json.has_bad_utf8)
        nj_json_records_damage(records, NJ_DIAG_TEXT_NOT_UTF8, records->text, "UTF-8 text");
    if (json.error)
        return record_damaged(r, &json);
    if (r->record_key.len == 0) {
        struct nj_slice text = {json.begin, (size_t)(json.end - json.begin)};
        (void)object_classify(records->shape, text, records->arena, &r->record_key);
    }
    return NJ_OK;
}

/* An object that may be a record or a container. */
static enum nj_status
object_read(struct reading *r, const char *name, bool is_member)
{
    const struct nj_json_shape *shape = r->records->shape;
    struct first_key first;

    if (!shape->lists && !shape->containers)
        return record_read(r);
    nj_arena_reset(r->records->arena);
    enum what what =
        object_classify(shape, look_ahead(r, LOOK_BYTES), r->records->arena, &first);
    if (what == WHAT_RECORD || (what == WHAT_PLAIN && !is_member))
        return record_read(r);
    if (what == WHAT_CONTAINER) {
        r->container_key = first;
        r->container_level = r->levels_len;
    }
    return level_push(r, (struct level){.name = name, .is_member = is_member});
}

/* A value at the top, an element of an array, or a member that holds containers. */
static enum nj_status
element_read(struct reading *r, bool is_list, bool is_member, const char *name)
{
    enum nj_json_type type = nj_json_walk_peek(r->walk);
    uint64_t offset = nj_json_walk_offset(r->walk);

    switch (type) {
    case NJ_JSON_ARRAY:
        if (!is_list)
            return level_push(r, (struct level){.is_array = true, .name = name});
        break;
    case NJ_JSON_OBJECT:
        return is_list ? record_read(r) : object_read(r, name, is_member);
    case NJ_JSON_NULL:
    case NJ_JSON_BOOL:
    case NJ_JSON_NUMBER:
    case NJ_JSON_STRING:
        break;
    case NJ_JSON_INVALID:
        return NJ_OK;
    }
    if (nj_json_walk_skip(r->walk))
        damage_count(r, damage_id(r, false), offset, "an object");
    return NJ_OK;
}

/* A member that should be a list of records is something else. */
static enum nj_status
list_missing(struct reading *r, enum nj_json_type type)
{
    uint64_t offset = nj_json_walk_offset(r->walk);

    if (nj_json_walk_skip(r->walk) && type != NJ_JSON_NULL)
        damage_count(r, NJ_DIAG_RECORD_INVALID, offset, "a list of spans");
    return NJ_OK;
}

static enum nj_status
member_read(struct reading *r, const char *container, struct nj_slice key)
{
    struct nj_json_records *records = r->records;
    const char *list = nj_json_name_find(records->shape->lists, key);
    const char *inner = nj_json_name_find(records->shape->containers, key);
    enum nj_json_type type = nj_json_walk_peek(r->walk);
    struct nj_json json;

    if (list && type == NJ_JSON_ARRAY)
        return level_push(r, (struct level){.is_array = true, .is_list = true, .name = list});
    if (inner && (type == NJ_JSON_ARRAY || type == NJ_JSON_OBJECT))
        return element_read(r, false, true, inner);
    if (list)
        return list_missing(r, type);
    if (!records->member) {
        (void)nj_json_walk_skip(r->walk);
        return NJ_OK;
    }
    if (!value_take(r, &json))
        return NJ_OK;
    enum nj_status st = records->member(records->context, container, key, &json, r->err);
    if (st == NJ_OK && json.error)
        nj_json_records_damage(records, NJ_DIAG_RECORD_INVALID, json.at, json.error);
    return st;
}

/* One step of the walk: NJ_DONE at the end of the input. */
static enum nj_status
step(struct reading *r)
{
    struct nj_json_walk *walk = r->walk;
    struct nj_slice key;

    if (r->levels_len == 0) {
        if (nj_json_walk_peek(walk) == NJ_JSON_INVALID && !walk->error)
            return NJ_DONE;
        return element_read(r, false, false, NULL);
    }
    struct level level = r->levels[r->levels_len - 1];
    if (level.is_array ? nj_json_walk_array_next(walk) : nj_json_walk_object_next(walk, &key))
        return level.is_array ? element_read(r, level.is_list, false, level.name)
                              : member_read(r, level.name, key);
    return walk->error ? NJ_OK : level_pop(r);
}

static enum nj_status
all_read(struct reading *r)
{
    struct nj_sink *sink = r->records->sink;
    enum nj_status st = NJ_OK;

    while (st == NJ_OK) {
        st = step(r);
        if (st == NJ_OK && r->walk->error)
            st = walk_damaged(r);
        if (st == NJ_OK && r->levels_len == 0)
            st = sink->checkpoint(sink, nj_json_walk_offset(r->walk), r->err);
    }
    while (st >= 0 && r->levels_len > 0) {
        enum nj_status popped = level_pop(r);
        st = popped < 0 ? popped : st;
    }
    return st;
}

enum nj_status
nj_json_records_read(struct nj_json_records *records, struct nj_error *err)
{
    struct reading r = {.records = records, .walk = &records->walk, .err = err};
    struct nj_stream *stream = records->input->stream;

    records->arena = nj_arena_new(ARENA_BLOCK_BYTES);
    if (!records->arena)
        return nj_fail(err, NJ_ENOMEM, "out of memory");
    if (nj_slice_starts(nj_stream_window(stream), NJ_SLICE("\xEF\xBB\xBF")))
        nj_stream_skip(stream, 3);
    nj_json_walk_init(&records->walk, stream, err);
    enum nj_status st = all_read(&r);
    nj_hold_fini(&records->hold);
    nj_arena_free(records->arena);
    records->arena = NULL;
    if (st < 0)
        return st;
    nj_error_clear(err);
    if (records->spans_len > 0 || records->input->resume_offset > 0)
        return NJ_OK;
    return nj_fail(err, NJ_EFORMAT, "%s: byte %llu: expected %s", records->input->path,
                   (unsigned long long)r.offset, r.expected ? r.expected : "a span");
}
