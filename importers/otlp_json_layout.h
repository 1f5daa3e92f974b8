/* otlp_json_layout.h - reading OTLP JSON by comparing whole runs of bytes with the two layouts
 * in which nearly all of it is written: without blanks, or with one behind each comma and colon
 * (floor 3). */
#ifndef NJ_IMPORTERS_OTLP_JSON_LAYOUT_H
#define NJ_IMPORTERS_OTLP_JSON_LAYOUT_H

#include "base/json_scan.h"
#include "importers/otlp_json.h"

/* Past `text` if it stands at *p. */
static inline bool
nj_otlp_literal(const char **p, const char *end, const char *text, size_t len)
{
    if ((size_t)(end - *p) < len || memcmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

/* The same text in both layouts; for functions that have `p`, `end` and `is_spaced`. */
#define LITERAL(compact, spaced)                                                               \
    (is_spaced ? nj_otlp_literal(&p, end, spaced, sizeof(spaced) - 1)                          \
               : nj_otlp_literal(&p, end, compact, sizeof(compact) - 1))

/* A text of ASCII without escapes, behind its opening quote; *p moves behind the closing one.
 */
static inline bool
nj_otlp_plain_text(const struct nj_json *json, const char **p, struct nj_slice *out)
{
    bool has_high = false;
    const char *stop = nj_scan_text(*p, json->end, json->limit, &has_high);

    if (stop >= json->end || *stop != '"' || has_high)
        return false;
    *out = (struct nj_slice){*p, (size_t)(stop - *p)};
    *p = stop + 1;
    return true;
}

#endif
