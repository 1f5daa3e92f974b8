/* jsonw.c - writing JSON into a buffer. */
#include "base/jsonw.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void
separate(struct nj_jsonw *w)
{
    if (w->needs_comma)
        nj_buf_put_char(w->buf, ',');
    w->needs_comma = true;
}

static void
open_with(struct nj_jsonw *w, char c)
{
    separate(w);
    nj_buf_put_char(w->buf, c);
    w->needs_comma = false;
}

static void
close_with(struct nj_jsonw *w, char c)
{
    nj_buf_put_char(w->buf, c);
    w->needs_comma = true;
}

void
nj_jsonw_object(struct nj_jsonw *w)
{
    open_with(w, '{');
}

void
nj_jsonw_object_end(struct nj_jsonw *w)
{
    close_with(w, '}');
}

void
nj_jsonw_array(struct nj_jsonw *w)
{
    open_with(w, '[');
}

void
nj_jsonw_array_end(struct nj_jsonw *w)
{
    close_with(w, ']');
}

static void
escape_put(struct nj_buf *buf, unsigned char c)
{
    static const char short_of[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    if (c == '"' || c == '\\') {
        nj_buf_put_char(buf, '\\');
        nj_buf_put_char(buf, (char)c);
    } else if (c < 32 && short_of[c]) {
        nj_buf_put_char(buf, '\\');
        nj_buf_put_char(buf, short_of[c]);
    } else {
        nj_buf_printf(buf, "\\u%04x", c);
    }
}

static void
string_put(struct nj_buf *buf, struct nj_slice text)
{
    const char *p = text.ptr, *end = text.len ? text.ptr + text.len : text.ptr;

    nj_buf_put_char(buf, '"');
    while (p < end) {
        const char *run = p;
        unsigned bytes = 1;
        while (p < end && (unsigned char)*p >= 32 && *p != '"' && *p != '\\' && *p != 127 &&
               (bytes = nj_utf8_len(p, (size_t)(end - p))) > 0)
            p += bytes;
        nj_buf_put(buf, run, (size_t)(p - run));
        if (p == end)
            break;
        if ((unsigned char)*p >= 128)
            nj_buf_put_text(buf, "\xEF\xBF\xBD");
        else
            escape_put(buf, (unsigned char)*p);
        p++;
    }
    nj_buf_put_char(buf, '"');
}

void
nj_jsonw_key_slice(struct nj_jsonw *w, struct nj_slice key)
{
    separate(w);
    string_put(w->buf, key);
    nj_buf_put_char(w->buf, ':');
    w->needs_comma = false;
}

void
nj_jsonw_key(struct nj_jsonw *w, const char *key)
{
    nj_jsonw_key_slice(w, nj_slice_of(key));
}

void
nj_jsonw_text(struct nj_jsonw *w, struct nj_slice text)
{
    separate(w);
    string_put(w->buf, text);
}

void
nj_jsonw_int(struct nj_jsonw *w, int64_t value)
{
    separate(w);
    nj_buf_printf(w->buf, "%" PRId64, value);
}

void
nj_jsonw_uint(struct nj_jsonw *w, uint64_t value)
{
    separate(w);
    nj_buf_printf(w->buf, "%" PRIu64, value);
}

size_t
nj_real_print(char out[33], double value)
{
    int len = 0;

    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(out, 33, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    return (size_t)len;
}

void
nj_jsonw_real(struct nj_jsonw *w, double value)
{
    char text[33];

    if (!isfinite(value)) {
        nj_jsonw_null(w);
        return;
    }
    separate(w);
    nj_buf_put(w->buf, text, nj_real_print(text, value));
}

void
nj_jsonw_bool(struct nj_jsonw *w, bool value)
{
    separate(w);
    nj_buf_put_text(w->buf, value ? "true" : "false");
}

void
nj_jsonw_null(struct nj_jsonw *w)
{
    separate(w);
    nj_buf_put_text(w->buf, "null");
}

void
nj_jsonw_raw(struct nj_jsonw *w, struct nj_slice json)
{
    separate(w);
    nj_buf_put_slice(w->buf, json);
}

void
nj_jsonw_key_text(struct nj_jsonw *w, const char *key, struct nj_slice text)
{
    nj_jsonw_key(w, key);
    nj_jsonw_text(w, text);
}

void
nj_jsonw_key_int(struct nj_jsonw *w, const char *key, int64_t value)
{
    nj_jsonw_key(w, key);
    nj_jsonw_int(w, value);
}

void
nj_jsonw_key_real(struct nj_jsonw *w, const char *key, double value)
{
    nj_jsonw_key(w, key);
    nj_jsonw_real(w, value);
}

void
nj_jsonw_key_bool(struct nj_jsonw *w, const char *key, bool value)
{
    nj_jsonw_key(w, key);
    nj_jsonw_bool(w, value);
}

void
nj_jsonw_key_null(struct nj_jsonw *w, const char *key)
{
    nj_jsonw_key(w, key);
    nj_jsonw_null(w);
}
