/* otel_tags.c - tags by which formats with less room say what a span of OpenTelemetry says
 * elsewhere. */
#include "importers/otel_tags.h"

enum meaning {
    MEANS_KIND,
    MEANS_STATUS,
    MEANS_MESSAGE,
    MEANS_SCOPE_NAME,
    MEANS_SCOPE_VERSION,
    MEANS_TRACE_STATE,
};

static const struct {
    const char *key;
    enum meaning meaning;
} meanings[] = {
    {"span.kind", MEANS_KIND},
    {"otel.status_code", MEANS_STATUS},
    {"otel.status_description", MEANS_MESSAGE},
    {"otel.scope.name", MEANS_SCOPE_NAME},
    {"otel.scope.version", MEANS_SCOPE_VERSION},
    {"otel.library.name", MEANS_SCOPE_NAME},
    {"otel.library.version", MEANS_SCOPE_VERSION},
    {"w3c.tracestate", MEANS_TRACE_STATE},
};

/* Sets *slot, unless something else stands there. */
static bool
text_set(struct nj_slice *slot, struct nj_slice text)
{
    bool is_free = slot->len == 0 || nj_slice_eq(*slot, text);

    if (is_free)
        *slot = text;
    return is_free;
}

static bool
meaning_take(struct nj_span_reader *reader, enum meaning meaning, struct nj_slice text)
{
    struct nj_span *span = &reader->draft.span;

    switch (meaning) {
    case MEANS_KIND:
        return nj_otel_kind_parse(text, &span->otel_kind);
    case MEANS_STATUS:
        reader->has_status = nj_status_code_parse(text, &span->status);
        return reader->has_status;
    case MEANS_MESSAGE:
        return text_set(&span->status_message, text);
    case MEANS_SCOPE_NAME:
        return text_set(&reader->scope.name, text);
    case MEANS_SCOPE_VERSION:
        return text_set(&reader->scope.version, text);
    case MEANS_TRACE_STATE:
        return text_set(&span->trace_state, text);
    }
    return false;
}

bool
nj_otel_tag_take(struct nj_span_reader *reader, struct nj_slice key,
                 const struct nj_value *value)
{
    for (size_t i = 0; i < NJ_LEN(meanings); i++)
        if (nj_slice_eq(key, nj_slice_of(meanings[i].key)))
            return value->type == NJ_VALUE_STRING &&
                   meaning_take(reader, meanings[i].meaning, value->bytes);
    return false;
}
