/* otlp_json_attrs.c - lists of attributes of OTLP JSON. Nearly all bytes of a file are here,
 * and nearly all are written in one of two layouts, without blanks (collector, JavaScript) or
 * with one behind each comma and colon (Python); both are read by comparing whole runs of
 * bytes. Whatever is written otherwise is read member by member from the same place. */
#include "base/json_string.h"
#include "importers/otlp_json_layout.h"

/* Digits of an integer up to 18 long, in quotes or not. */
static inline bool
plain_integer(const char **p, const char *end, int64_t *out)
{
    const char *at = *p, *from;
    bool is_quoted = at < end && *at == '"';
    int64_t value = 0;

    at += is_quoted;
    for (from = at; at < end && (unsigned char)(*at - '0') < 10 && at - from < 18; at++)
        value = value * 10 + (*at - '0');
    /* a leading zero, more digits, a fraction: for the general reader */
    if (at == from || at == end || (*from == '0' && at - from > 1))
        return false;
    if (is_quoted ? *at++ != '"' : *at != '}')
        return false;
    *p = at;
    *out = value;
    return true;
}

/* The value behind its opening brace; *at moves behind its closing brace. */
static inline bool
value_speculate(struct nj_json *json, const char **at, bool is_spaced, struct nj_value *out)
{
    const char *p = *at, *end = json->end;

    if (LITERAL("\"stringValue\":\"", "\"stringValue\": \"")) {
        out->type = NJ_VALUE_STRING;
        if (!nj_otlp_plain_text(json, &p, &out->bytes)) {
            json->at = p;
            if (!nj_json_string_rest(json, &out->bytes))
                return false;
            p = json->at;
        }
    } else if (LITERAL("\"intValue\":", "\"intValue\": ")) {
        out->type = NJ_VALUE_INT;
        if (!plain_integer(&p, end, &out->integer))
            return false;
    } else if (LITERAL("\"boolValue\":", "\"boolValue\": ")) {
        out->type = NJ_VALUE_BOOL;
        out->boolean = p < end && *p == 't';
        if (!(out->boolean ? LITERAL("true", "true") : LITERAL("false", "false")))
            return false;
    } else if (LITERAL("\"doubleValue\":", "\"doubleValue\": ") && p < end && *p != '"') {
        struct nj_json_number number;
        json->at = p;
        if (nj_json_peek(json) != NJ_JSON_NUMBER || !nj_json_number(json, &number))
            return false;
        out->type = NJ_VALUE_DOUBLE;
        out->real = number.real;
        p = json->at;
    } else {
        return false;
    }
    *at = p;
    return nj_otlp_literal(at, end, "}", 1);
}

/* Reads attributes as long as they stand in one layout, straight into the batch; false: the
 * next one is written otherwise. */
static inline bool
attrs_speculate(struct nj_otlp_json *r, struct nj_json *json, bool is_spaced)
{
    const char *p = json->at, *end = json->end;

    for (;;) {
        json->at = p;
        if (!LITERAL("{\"key\":\"", "{\"key\": \""))
            return false;
        const char *from = json->at;
        struct nj_attr *attr = nj_pool_add(&r->batch->attrs, r->batch->arena, sizeof *attr);
        if (!attr || !nj_otlp_plain_text(json, &p, &attr->key) ||
            !LITERAL(",\"value\":{", ", \"value\": {") ||
            !value_speculate(json, &p, is_spaced, &attr->value) || !LITERAL("}", "}")) {
            r->batch->attrs.at -= attr ? sizeof *attr : 0;
            if (!json->error)
                json->at = from;
            return false;
        }
        json->at = p;
        if (!LITERAL(",{", ", {"))
            return true;
        p--;
    }
}

static void
attr_read(struct nj_otlp_json *r, struct nj_json *json)
{
    struct nj_attr attr = {.key = {"", 0}, .value = {.type = NJ_VALUE_NULL}};
    const char *p = json->at;
    int id;

    r->is_spaced = nj_otlp_literal(&p, json->end, "{\"key\": ", 8);
    if (nj_json_peek(json) != NJ_JSON_OBJECT) {
        nj_otlp_json_pass(r, json, "an attribute with key and value");
        return;
    }
    (void)nj_json_object(json);
    while ((id = nj_json_member(json, nj_otlp_pair_keys, NJ_OTLP_PAIR_KEYS_LEN,
                                &r->attr_order)) != NJ_JSON_END) {
        if (id == NJ_OTLP_PAIR_KEY)
            nj_otlp_json_text(r, json, &attr.key);
        else if (id == NJ_OTLP_PAIR_VALUE)
            nj_otlp_json_value(r, json, &attr.value);
        else
            (void)nj_json_skip(json);
    }
    if (!json->error)
        nj_span_batch_attr(r->batch, attr.key, attr.value);
}

void
nj_otlp_json_attrs(struct nj_otlp_json *r, struct nj_json *json, struct nj_attrs *out)
{
    if (nj_json_peek(json) != NJ_JSON_ARRAY) {
        nj_otlp_json_pass(r, json, "an array of attributes");
        return;
    }
    nj_pool_begin(&r->batch->attrs);
    (void)nj_json_array(json);
    while (nj_json_array_next(json)) {
        json->at += json->at < json->end && *json->at == ' ';
        if (r->is_careful ||
            !(r->is_spaced ? attrs_speculate(r, json, true) : attrs_speculate(r, json, false)))
            attr_read(r, json);
    }
    out->list = nj_pool_list(&r->batch->attrs);
    out->len = (r->batch->attrs.at - r->batch->attrs.from) / sizeof *out->list;
}
