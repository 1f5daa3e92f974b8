/* otlp_json_value.c - fields and attribute values of OTLP JSON, nested ones too. */
#include "base/base64.h"
#include "importers/otlp_json.h"

#include <inttypes.h>
#include <math.h>

enum value_key {
    VALUE_STRING,
    VALUE_INT,
    VALUE_BOOL,
    VALUE_DOUBLE,
    VALUE_ARRAY,
    VALUE_KVLIST,
    VALUE_BYTES,
};

static const struct nj_json_key value_keys[] = {
    NJ_JSON_KEY("stringValue", VALUE_STRING),  NJ_JSON_KEY("intValue", VALUE_INT),
    NJ_JSON_KEY("boolValue", VALUE_BOOL),      NJ_JSON_KEY("doubleValue", VALUE_DOUBLE),
    NJ_JSON_KEY("arrayValue", VALUE_ARRAY),    NJ_JSON_KEY("kvlistValue", VALUE_KVLIST),
    NJ_JSON_KEY("bytesValue", VALUE_BYTES),    NJ_JSON_KEY("string_value", VALUE_STRING),
    NJ_JSON_KEY("int_value", VALUE_INT),       NJ_JSON_KEY("bool_value", VALUE_BOOL),
    NJ_JSON_KEY("double_value", VALUE_DOUBLE), NJ_JSON_KEY("array_value", VALUE_ARRAY),
    NJ_JSON_KEY("kvlist_value", VALUE_KVLIST), NJ_JSON_KEY("bytes_value", VALUE_BYTES),
};

const struct nj_json_key nj_otlp_pair_keys[NJ_OTLP_PAIR_KEYS_LEN] = {
    NJ_JSON_KEY("key", NJ_OTLP_PAIR_KEY),
    NJ_JSON_KEY("value", NJ_OTLP_PAIR_VALUE),
};

void
nj_otlp_json_note(struct nj_otlp_json *r, const struct nj_json *json, enum nj_diag_id id,
                  const char *expected)
{
    if (r->line)
        nj_diag_at(r->sink->diags, id, "%s:%" PRIu64 ": expected %s", r->path, r->line,
                   expected);
    else
        nj_diag_at(r->sink->diags, id, "%s: byte %" PRIu64 ": expected %s", r->path,
                   r->offset + (uint64_t)(json->at - json->begin), expected);
}

void
nj_otlp_json_pass(struct nj_otlp_json *r, struct nj_json *json, const char *expected)
{
    enum nj_json_type type = nj_json_peek(json);

    if (type == NJ_JSON_INVALID)
        return;
    if (type != NJ_JSON_NULL)
        nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID, expected);
    (void)nj_json_skip(json);
}

void
nj_otlp_json_text(struct nj_otlp_json *r, struct nj_json *json, struct nj_slice *out)
{
    if (nj_json_peek(json) == NJ_JSON_STRING)
        (void)nj_json_string(json, out);
    else
        nj_otlp_json_pass(r, json, "text");
}

void
nj_otlp_json_u32(struct nj_otlp_json *r, struct nj_json *json, uint32_t *out)
{
    struct nj_json_number n;

    if (nj_json_peek(json) != NJ_JSON_NUMBER) {
        nj_otlp_json_pass(r, json, "a number");
    } else if (nj_json_number(json, &n)) {
        if (n.real >= 0 && n.real <= UINT32_MAX && n.real == floor(n.real))
            *out = (uint32_t)n.real;
        else
            nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "a number of 32 bits");
    }
}

/* int64 as text or number. What is none stays what it is: no content is lost. */
static void
int_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_value *out)
{
    struct nj_json_number n;

    if (nj_json_peek(json) == NJ_JSON_STRING) {
        *out = (struct nj_value){.type = NJ_VALUE_STRING};
        int64_t integer;
        if (nj_json_string(json, &out->bytes) && nj_value_int(out, &integer))
            *out = (struct nj_value){.type = NJ_VALUE_INT, .integer = integer};
        return;
    }
    if (nj_json_peek(json) != NJ_JSON_NUMBER) {
        nj_otlp_json_pass(r, json, "an integer");
        return;
    }
    if (!nj_json_number(json, &n))
        return;
    if (n.is_integer && !n.is_unsigned)
        *out = (struct nj_value){.type = NJ_VALUE_INT, .integer = n.integer};
    else if (n.real == floor(n.real) && fabs(n.real) < 9.2e18)
        *out = (struct nj_value){.type = NJ_VALUE_INT, .integer = (int64_t)n.real};
    else
        *out = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = n.real};
}

static void
double_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_value *out)
{
    static const struct {
        struct nj_slice text;
        double real;
    } words[] = {{{"NaN", 3}, NAN}, {{"Infinity", 8}, INFINITY}, {{"-Infinity", 9}, -INFINITY}};
    struct nj_value text = {.type = NJ_VALUE_STRING};
    struct nj_json_number n;

    if (nj_json_peek(json) == NJ_JSON_NUMBER) {
        if (nj_json_number(json, &n))
            *out = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = n.real};
        return;
    }
    if (nj_json_peek(json) != NJ_JSON_STRING) {
        nj_otlp_json_pass(r, json, "a number");
        return;
    }
    if (!nj_json_string(json, &text.bytes))
        return;
    *out = text;
    double real;
    if (nj_value_real(&text, &real))
        *out = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = real};
    for (size_t i = 0; i < NJ_LEN(words); i++)
        if (nj_slice_eq(text.bytes, words[i].text))
            *out = (struct nj_value){.type = NJ_VALUE_DOUBLE, .real = words[i].real};
}

static void
bytes_read(struct nj_otlp_json *r, struct nj_json *json, struct nj_value *out)
{
    struct nj_slice text = {0};
    size_t len;

    nj_otlp_json_text(r, json, &text);
    *out = (struct nj_value){.type = NJ_VALUE_BYTES, .bytes = {"", 0}};
    if (text.len == 0)
        return;
    char *bytes = nj_arena_alloc_raw(r->batch->arena, nj_base64_bytes(text.len), 1);
    if (!bytes) {
        r->batch->is_failed = true;
    } else if (nj_base64_decode(text, bytes, &len)) {
        out->bytes = (struct nj_slice){bytes, len};
    } else {
        nj_otlp_json_note(r, json, NJ_DIAG_ATTRIBUTE_INVALID, "bytes as base64");
        *out = (struct nj_value){.type = NJ_VALUE_STRING, .bytes = text};
    }
}

/* The member `id` of an AnyValue; false where it is an array or a map. */
static bool
scalar_read(struct nj_otlp_json *r, struct nj_json *json, enum value_key id,
            struct nj_value *out)
{
    switch (id) {
    case VALUE_STRING:
        if (nj_json_peek(json) == NJ_JSON_STRING) {
            out->type = NJ_VALUE_STRING;
            (void)nj_json_string(json, &out->bytes);
        } else {
            nj_otlp_json_pass(r, json, "text");
        }
        return true;
    case VALUE_INT:
        int_read(r, json, out);
        return true;
    case VALUE_BOOL:
        if (nj_json_peek(json) == NJ_JSON_BOOL) {
            out->type = NJ_VALUE_BOOL;
            (void)nj_json_bool(json, &out->boolean);
        } else {
            nj_otlp_json_pass(r, json, "true or false");
        }
        return true;
    case VALUE_DOUBLE:
        double_read(r, json, out);
        return true;
    case VALUE_BYTES:
        bytes_read(r, json, out);
        return true;
    case VALUE_ARRAY:
    case VALUE_KVLIST:
        break;
    }
    return false;
}

/* An object or array of the input that is being read for a nested value. */
enum frame_kind {
    FRAME_ANY,  /* {"stringValue": …}: writes one value at `mark` */
    FRAME_WRAP, /* {"values": …}: its elements are written behind `mark` */
    FRAME_LIST, /* the array inside: values, or pairs of a map */
    FRAME_PAIR, /* {"key": …, "value": …} of a map */
};

struct frame {
    enum frame_kind kind;
    bool is_map;  /* WRAP, LIST */
    bool is_done; /* ANY: a value was written; PAIR: key and value were */
    size_t mark;
};

enum { FRAMES_PER_LEVEL = 4, FRAMES_MAX = (NJ_VALUE_DEPTH_MAX + 1) * FRAMES_PER_LEVEL };

struct nest {
    struct nj_otlp_json *r;
    struct nj_json *json;
    size_t len, levels;
    struct frame stack[FRAMES_MAX];
};

static void
nest_push(struct nest *n, enum frame_kind kind, bool is_map, size_t mark)
{
    n->stack[n->len++] = (struct frame){.kind = kind, .is_map = is_map, .mark = mark};
}

/* Begins the array or map of an AnyValue. */
static void
wrap_enter(struct nest *n, bool is_map)
{
    if (nj_json_peek(n->json) != NJ_JSON_OBJECT) {
        nj_otlp_json_pass(n->r, n->json, "an object with values");
        return;
    }
    size_t mark = nj_value_open(&n->r->nested, is_map ? NJ_VALUE_MAP : NJ_VALUE_ARRAY);
    (void)nj_json_object(n->json);
    n->levels++;
    nest_push(n, FRAME_WRAP, is_map, mark);
}

/* Begins an AnyValue inside an array or map; what is no object is null. */
static void
any_enter(struct nest *n)
{
    static const struct nj_value null = {.type = NJ_VALUE_NULL};

    if (nj_json_peek(n->json) == NJ_JSON_OBJECT) {
        (void)nj_json_object(n->json);
        nest_push(n, FRAME_ANY, false, n->r->nested.len);
        return;
    }
    nj_otlp_json_pass(n->r, n->json, "a value object");
    nj_value_write(&n->r->nested, &null);
}

static void
any_step(struct nest *n, struct frame *top)
{
    struct nj_otlp_json *r = n->r;
    struct nj_value value = {.type = NJ_VALUE_NULL};
    int id = nj_json_member(n->json, value_keys, NJ_LEN(value_keys), &r->value_order);

    if (id == NJ_JSON_OTHER) {
        (void)nj_json_skip(n->json);
    } else if (id == NJ_JSON_END) {
        if (!top->is_done)
            nj_value_write(&r->nested, &value);
        n->len--;
    } else {
        r->nested.len = top->mark; /* of several members the last one counts */
        top->is_done = true;
        if (scalar_read(r, n->json, (enum value_key)id, &value))
            nj_value_write(&r->nested, &value);
        else
            wrap_enter(n, id == VALUE_KVLIST);
        if (r->nested.len == top->mark)
            nj_value_write(&r->nested, &value);
    }
}

static void
wrap_step(struct nest *n, const struct frame *top)
{
    struct nj_slice key;

    if (!nj_json_object_next(n->json, &key)) {
        nj_value_close(&n->r->nested, top->mark);
        n->levels--;
        n->len--;
    } else if (!nj_slice_eq(key, NJ_SLICE("values"))) {
        (void)nj_json_skip(n->json);
    } else if (nj_json_peek(n->json) != NJ_JSON_ARRAY) {
        nj_otlp_json_pass(n->r, n->json, "an array of values");
    } else {
        (void)nj_json_array(n->json);
        nest_push(n, FRAME_LIST, top->is_map, 0);
    }
}

static void
list_step(struct nest *n, const struct frame *top)
{
    if (!nj_json_array_next(n->json)) {
        n->len--;
    } else if (!top->is_map) {
        any_enter(n);
    } else if (nj_json_peek(n->json) != NJ_JSON_OBJECT) {
        nj_otlp_json_pass(n->r, n->json, "an object with key and value");
    } else {
        (void)nj_json_object(n->json);
        nest_push(n, FRAME_PAIR, false, 0);
    }
}

/* The key of the pair whose members come next, wherever it stands. */
static struct nj_slice
key_ahead(struct nest *n)
{
    struct nj_json ahead = *n->json;
    struct nj_slice key = {"", 0};
    struct nj_json_order order = {0};
    int id;

    while ((id = nj_json_member(&ahead, nj_otlp_pair_keys, NJ_OTLP_PAIR_KEYS_LEN, &order)) !=
           NJ_JSON_END)
        if (id == NJ_OTLP_PAIR_KEY && nj_json_peek(&ahead) == NJ_JSON_STRING)
            (void)nj_json_string(&ahead, &key);
        else
            (void)nj_json_skip(&ahead);
    n->json->room = ahead.room;
    n->json->room_end = ahead.room_end;
    return key;
}

static void
pair_step(struct nest *n, struct frame *top)
{
    static const struct nj_value null = {.type = NJ_VALUE_NULL};
    struct nj_buf *out = &n->r->nested;

    if (top->mark == 0) {
        struct nj_slice key = key_ahead(n);
        nj_buf_put_varint(out, key.len);
        nj_buf_put_slice(out, key);
        top->mark = out->len;
    }
    int id =
        nj_json_member(n->json, nj_otlp_pair_keys, NJ_OTLP_PAIR_KEYS_LEN, &n->r->attr_order);
    if (id == NJ_OTLP_PAIR_VALUE) {
        out->len = top->mark;
        top->is_done = true;
        any_enter(n);
    } else if (id == NJ_JSON_END) {
        if (!top->is_done)
            nj_value_write(out, &null);
        n->len--;
    } else {
        (void)nj_json_skip(n->json);
    }
}

/* Reads the array or map at the cursor. Iterative: the depth comes from the input. */
static void
nested_read(struct nj_otlp_json *r, struct nj_json *json, bool is_map, struct nj_value *out)
{
    struct nj_json before = *json;
    struct nest n;

    n.r = r;
    n.json = json;
    n.len = n.levels = 0;
    r->nested.len = 0;
    wrap_enter(&n, is_map);
    while (n.len > 0 && !json->error && n.levels <= NJ_VALUE_DEPTH_MAX) {
        struct frame *top = &n.stack[n.len - 1];
        switch (top->kind) {
        case FRAME_ANY:
            any_step(&n, top);
            break;
        case FRAME_WRAP:
            wrap_step(&n, top);
            break;
        case FRAME_LIST:
            list_step(&n, top);
            break;
        case FRAME_PAIR:
            pair_step(&n, top);
            break;
        }
    }
    if (json->error)
        return;
    if (n.len > 0) {
        nj_otlp_json_note(r, json, NJ_DIAG_NESTING_TOO_DEEP, "less nesting");
        *json = before;
        (void)nj_json_skip(json);
        return;
    }
    struct nj_slice bytes = nj_arena_copy(r->batch->arena, nj_buf_slice(&r->nested));
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    if (r->nested.is_failed || !bytes.ptr)
        r->batch->is_failed = true;
    else if (bytes.len)
        (void)nj_value_read(&at, at + bytes.len, out);
}

void
nj_otlp_json_value(struct nj_otlp_json *r, struct nj_json *json, struct nj_value *out)
{
    int id;

    *out = (struct nj_value){.type = NJ_VALUE_NULL};
    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_otlp_json_pass(r, json, "a value object");
        return;
    }
    (void)nj_json_object(json);
    while ((id = nj_json_member(json, value_keys, NJ_LEN(value_keys), &r->value_order)) !=
           NJ_JSON_END) {
        if (id == NJ_JSON_OTHER)
            (void)nj_json_skip(json);
        else if (!scalar_read(r, json, (enum value_key)id, out))
            nested_read(r, json, id == VALUE_KVLIST, out);
    }
}
