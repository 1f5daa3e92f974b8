/* otlp_json.c - the importer of OTLP JSON: JSON lines, one document, or several. */
#include "importers/otlp_json.h"

#include "importers/importer.h"

#include <inttypes.h>

enum {
    LINE_BYTES_MAX = 16 << 20, /* of a line that is held in memory; longer ones are walked */
    WRAPPERS_SNIFFED = 3,
};

struct input {
    struct nj_otlp_json reader;
    struct nj_stream *stream;
    const char *path;
    uint64_t lines_len;    /* before the window */
    bool has_line_numbers; /* the input is read from its start */
    bool has_traces;
    bool is_damaged; /* decompression failed: what is there is all there is */
    struct nj_error *err;
    struct nj_error unfit; /* the first document that was no trace request */
};

/* Bytes of a byte order mark. */
static size_t
mark_len(struct nj_slice text)
{
    return nj_slice_starts(text, NJ_SLICE("\xEF\xBB\xBF")) ? 3 : 0;
}

/* Whether the members of the object at the cursor are those of a trace request: 95, or 60 where
 * the text ends before that can be told. */
static int
object_sureness(struct nj_json *json)
{
    struct nj_slice key;

    for (unsigned open = 0; open < WRAPPERS_SNIFFED && nj_json_object(json); open++)
        while (nj_json_object_next(json, &key)) {
            int id =
                nj_json_key_find(nj_otlp_document_keys.list, nj_otlp_document_keys.len, key);
            if (id == NJ_OTLP_REQUEST && !nj_slice_eq(key, NJ_SLICE("batches")))
                return 95;
            if ((id == NJ_OTLP_BARE && !nj_slice_eq(key, NJ_SLICE("resource"))))
                return 90;
            if (id == NJ_OTLP_WRAPPER && nj_json_peek(json) == NJ_JSON_OBJECT)
                break;
            (void)nj_json_skip(json);
        }
    return 0;
}

static bool
text_has(struct nj_slice text, const char *what)
{
    size_t len = strlen(what);

    for (const char *p = text.ptr, *end = p + text.len;
         (p = memchr(p, what[0], (size_t)(end - p))) != NULL && (size_t)(end - p) >= len; p++)
        if (memcmp(p, what, len) == 0)
            return true;
    return false;
}

static int
sniff(struct nj_slice head, bool is_whole)
{
    /* In quotes a name cannot be part of a text: there its closing quote would be escaped. */
    static const char *const names[] = {
        "\"resourceSpans\"",
        "\"resource_spans\"",
        "\"scopeSpans\"",
        "\"scope_spans\"",
        "\"instrumentationLibrarySpans\"",
    };
    struct nj_arena *arena = nj_arena_new(NJ_SNIFF_BYTES);
    struct nj_json json;
    int sure = 0;

    (void)is_whole;
    if (!arena)
        return 0;
    head = nj_slice_from(head, mark_len(head));
    nj_json_init(&json, head, false, arena);
    enum nj_json_type type = nj_json_peek(&json);
    if (type == NJ_JSON_ARRAY && nj_json_array(&json) && nj_json_array_next(&json))
        type = nj_json_peek(&json);
    if (type == NJ_JSON_OBJECT)
        sure = object_sureness(&json);
    for (size_t i = 0; i < NJ_LEN(names) && sure == 0 && type == NJ_JSON_OBJECT; i++)
        if (text_has(head, names[i]))
            sure = 60;
    nj_arena_free(arena);
    return sure;
}

/* Remembers why the first document that was none was none, for an input without any. */
static void
unfit_note(struct input *in, uint64_t offset, const char *expected)
{
    if (in->unfit.status == NJ_OK)
        (void)nj_fail(&in->unfit, NJ_EFORMAT, "%s: byte %" PRIu64 ": expected %s", in->path,
                      offset, expected);
}

static void
shape_note(struct input *in, const struct nj_json *json, enum nj_otlp_shape shape)
{
    switch (shape) {
    case NJ_OTLP_TRACES:
        in->has_traces = true;
        break;
    case NJ_OTLP_OTHER_SIGNAL:
        nj_otlp_json_note(&in->reader, json, NJ_DIAG_NOT_A_SPAN, "spans, not another signal");
        break;
    case NJ_OTLP_NOTHING:
        unfit_note(in, in->reader.offset, "a trace request with \"resourceSpans\"");
        if (!json->error)
            nj_otlp_json_note(&in->reader, json, NJ_DIAG_RECORD_INVALID, "a trace request");
        break;
    }
}

/* Makes the window longer. NJ_DONE at the end, also at the end of what damage left. */
static enum nj_status
window_grow(struct input *in)
{
    if (in->is_damaged)
        return NJ_DONE;
    enum nj_status st = nj_stream_more(in->stream, in->err);
    if (st != NJ_EFORMAT)
        return st;
    nj_diag_at(in->reader.sink->diags, NJ_DIAG_INPUT_CUT,
               "%s: byte %" PRIu64 ": expected whole compressed data", in->path,
               nj_stream_offset(in->stream) + nj_stream_window(in->stream).len);
    unfit_note(in, 0, "whole compressed data");
    nj_error_clear(in->err);
    in->is_damaged = true;
    return NJ_DONE;
}

enum line_end { LINE_WHOLE, LINE_LAST, LINE_TOO_LONG };

/* The line at the front of the window, without its newline, and how it ends. */
static enum nj_status
line_find(struct input *in, struct nj_slice *line, enum line_end *end)
{
    size_t seen = 0;

    for (;;) {
        struct nj_slice w = nj_stream_window(in->stream);
        const char *newline = w.len > seen ? memchr(w.ptr + seen, '\n', w.len - seen) : NULL;
        *line = (struct nj_slice){w.ptr, newline ? (size_t)(newline - w.ptr) : w.len};
        *end = newline ? LINE_WHOLE : LINE_LAST;
        if (newline)
            return NJ_OK;
        seen = w.len;
        if (seen > LINE_BYTES_MAX) {
            *end = LINE_TOO_LONG;
            return NJ_OK;
        }
        enum nj_status st = window_grow(in);
        if (st != NJ_OK) {
            *line = nj_stream_window(in->stream); /* it may have moved to make room */
            return st < 0 ? st : NJ_OK;
        }
    }
}

static bool
is_blank(struct nj_slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!strchr(" \t\r", line.ptr[i]) || line.ptr[i] == '\0')
            return false;
    return true;
}

/* Reads one line that is a document. */
static void
line_read(struct input *in, struct nj_slice line, enum line_end end)
{
    struct nj_otlp_json *r = &in->reader;
    struct nj_json json;

    if (is_blank(line))
        return;
    r->line = in->has_line_numbers ? in->lines_len + 1 : 0;
    r->offset = nj_stream_offset(in->stream);
    nj_span_batch_clear(&r->spans);
    nj_json_init(&json, line, true, r->spans.arena);
    enum nj_otlp_shape shape = nj_otlp_json_document(r, &json);
    shape_note(in, &json, shape);
    if (!json.error && !nj_json_at_end(&json))
        json.error = "the end of the line";
    if (!json.error || r->status < 0)
        return;
    unfit_note(in, r->offset + (uint64_t)(json.at - json.begin), json.error);
    bool is_cut = end == LINE_LAST && json.at == json.end;
    if (!is_cut || !in->is_damaged)
        nj_otlp_json_note(r, &json, is_cut ? NJ_DIAG_LINE_CUT : NJ_DIAG_LINE_INVALID,
                          json.error);
}

/* Walks over one document at the front of the window. NJ_DONE at the end of the input. */
static enum nj_status
document_read(struct input *in)
{
    struct nj_otlp_json *r = &in->reader;
    struct nj_json_walk walk;

    nj_json_walk_init(&walk, in->stream, in->err);
    walk.is_end = in->is_damaged;
    if (nj_json_walk_peek(&walk) == NJ_JSON_INVALID && !walk.error)
        return NJ_DONE;
    uint64_t from = nj_json_walk_offset(&walk);
    r->is_cut = false;
    enum nj_otlp_shape shape = nj_otlp_json_walk(r, &walk);
    in->has_traces |= shape == NJ_OTLP_TRACES;
    if (walk.status < 0 && walk.status != NJ_EFORMAT)
        return walk.status;
    if (walk.error || shape == NJ_OTLP_NOTHING) {
        uint64_t at = walk.error ? nj_json_walk_offset(&walk) : from;
        const char *expected =
            walk.error ? walk.error : "a trace request with \"resourceSpans\"";
        unfit_note(in, at, expected);
        if (!r->is_cut)
            nj_diag_at(r->sink->diags,
                       walk.is_end || walk.status < 0 ? NJ_DIAG_INPUT_CUT
                                                      : NJ_DIAG_RECORD_INVALID,
                       "%s: byte %" PRIu64 ": expected %s", in->path, at, expected);
    }
    if (walk.status < 0)
        nj_error_clear(in->err);
    nj_stream_skip(in->stream, walk.at);
    return walk.error ? NJ_DONE : r->status;
}

static enum nj_status
documents_read(struct input *in)
{
    enum nj_status st = NJ_OK;
    while (st == NJ_OK)
        st = document_read(in);
    return st;
}

/* Past the rest of a line of any length. */
static enum nj_status
line_drop(struct input *in)
{
    enum nj_status st = NJ_OK;

    while (st == NJ_OK) {
        struct nj_slice w = nj_stream_window(in->stream);
        const char *newline = w.len ? memchr(w.ptr, '\n', w.len) : NULL;
        if (newline) {
            nj_stream_skip(in->stream, (size_t)(newline - w.ptr));
            return NJ_OK;
        }
        nj_stream_skip(in->stream, w.len);
        st = window_grow(in);
    }
    return st;
}

static enum nj_status
lines_read(struct input *in)
{
    struct nj_otlp_json *r = &in->reader;
    enum line_end end = LINE_WHOLE;
    enum nj_status st = NJ_OK;

    while (st >= 0 && r->status >= 0 && end != LINE_LAST) {
        struct nj_slice line;
        st = line_find(in, &line, &end);
        if (st < 0)
            break;
        if (end == LINE_TOO_LONG) {
            st = document_read(in);
            if (st == NJ_DONE)
                st = line_drop(in);
            continue;
        }
        line_read(in, line, end);
        in->lines_len += end == LINE_WHOLE;
        nj_stream_skip(in->stream, line.len + (end == LINE_WHOLE));
        if (r->status >= 0)
            st = r->sink->checkpoint(r->sink, nj_stream_offset(in->stream), in->err);
    }
    return st < 0 ? st : r->status;
}

/* Past blank lines. */
static enum nj_status
blanks_skip(struct input *in)
{
    struct nj_slice line;
    enum line_end end;
    enum nj_status st = NJ_OK;

    while ((st = line_find(in, &line, &end)) == NJ_OK && end == LINE_WHOLE && is_blank(line)) {
        nj_stream_skip(in->stream, line.len + 1);
        in->lines_len++;
    }
    return st;
}

/* Whether each line is a document of its own: the first is whole, or it is damaged and the next
 * begins like one. */
static enum nj_status
has_lines(struct input *in, bool *out)
{
    struct nj_slice line;
    struct nj_json json;
    enum line_end end;

    *out = false;
    enum nj_status st = blanks_skip(in);
    if (st == NJ_OK)
        st = line_find(in, &line, &end);
    if (st < 0 || end == LINE_TOO_LONG)
        return st;
    nj_span_batch_clear(&in->reader.spans);
    nj_json_init(&json, line, true, in->reader.spans.arena);
    *out = end == LINE_LAST || (nj_json_skip(&json) && nj_json_at_end(&json));
    if (*out || line.len < 2 || line.ptr[0] != '{')
        return NJ_OK;
    st = nj_stream_want(in->stream, line.len + 2, in->err);
    struct nj_slice window = nj_stream_window(in->stream); /* `line` may have moved with it */
    struct nj_slice next = nj_slice_from(window, line.len + 1);
    *out = window.ptr[1] == '"' && next.len > 0 && next.ptr[0] == '{';
    return st == NJ_EFORMAT ? NJ_OK : st;
}

static enum nj_status
input_read(struct nj_input *input, struct nj_sink *sink, struct nj_error *err)
{
    struct input in = {.stream = input->stream,
                       .path = input->path,
                       .has_line_numbers = input->resume_offset == 0,
                       .err = err};
    bool is_lines = false;

    enum nj_status st = nj_otlp_json_init(&in.reader, err);
    if (st < 0)
        return st;
    in.reader.sink = sink;
    in.reader.path = input->path;
    if (input->resume_offset == 0)
        nj_stream_skip(in.stream, mark_len(nj_stream_window(in.stream)));
    st = has_lines(&in, &is_lines);
    if (st >= 0)
        st = is_lines ? lines_read(&in) : documents_read(&in);
    st = st < 0 ? st : in.reader.status;
    nj_otlp_json_fini(&in.reader);
    if (st < 0 || in.has_traces || input->resume_offset > 0)
        return st < 0 ? st : NJ_OK;
    unfit_note(&in, 0, "a trace request with \"resourceSpans\"");
    return nj_fail(err, NJ_EFORMAT, "%s", in.unfit.causes[0]);
}

const struct nj_importer nj_importer_otlp_json = {
    .name = "otlp-json",
    .summary = "OTLP JSON: lines, a request, an array of them; Jaeger and Tempo answers",
    .can_resume = true,
    .sniff = sniff,
    .read = input_read,
};
