/* html.h - writing HTML and SVG that hostile text cannot harm (floor 5).
 *
 * Markup comes from literals in our code through nj_html_put; whatever comes from traces goes
 * through nj_html_text, which escapes for elements and for quoted attributes alike. Text of a
 * trace never becomes a tag, a class, an id, a URL or a script. */
#ifndef NJ_REPORTS_HTML_H
#define NJ_REPORTS_HTML_H

#include "base/buf.h"

struct nj_html {
    struct nj_buf *out;
};

/* Markup as it is. */
void nj_html_put(struct nj_html *h, const char *markup);
/* Markup with numbers in it; only %d, %u, %zu, %.1f and literals of our own as %s. */
void nj_html_printf(struct nj_html *h, const char *fmt, ...) NJ_PRINTF(2, 3);
/* Text of any origin, escaped. Control characters and bytes that are not UTF-8 become U+FFFD.
 */
void nj_html_text(struct nj_html *h, struct nj_slice text);
/* The same, cut to `chars_max` characters with an ellipsis. */
void nj_html_cut(struct nj_html *h, struct nj_slice text, size_t chars_max);
/* Text in a <bdi>, so that right-to-left names cannot reorder what stands around them. */
void nj_html_name(struct nj_html *h, struct nj_slice text);

/* Numbers for people: "8.12 s", "12.3 %", "1 240"; NaN is an en dash. Blanks inside do not
 * break. */
void nj_html_duration(struct nj_html *h, double ns);
void nj_html_ratio(struct nj_html *h, double ratio);
void nj_html_count(struct nj_html *h, double value);
/* A number and its noun, with an s where it is not 1. */
void nj_html_counted(struct nj_html *h, double value, const char *noun);

#endif
