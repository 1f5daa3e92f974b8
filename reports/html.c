/* html.c - writing HTML and SVG that hostile text cannot harm. */
#include "reports/html.h"

#include "base/clock.h"
#include "base/plural.h"
#include "base/utf8.h"
#include "reports/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void
nj_html_put(struct nj_html *h, const char *markup)
{
    nj_buf_put_text(h->out, markup);
}

void
nj_html_printf(struct nj_html *h, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    NJ_CHECK(len >= 0 && (size_t)len < sizeof text);
    nj_buf_put(h->out, text, (size_t)len);
}

static void
char_put(struct nj_html *h, const char *p, unsigned len)
{
    switch (*p) {
    case '&':
        nj_html_put(h, "&amp;");
        return;
    case '<':
        nj_html_put(h, "&lt;");
        return;
    case '>':
        nj_html_put(h, "&gt;");
        return;
    case '"':
        nj_html_put(h, "&quot;");
        return;
    case '\'':
        nj_html_put(h, "&#39;");
        return;
    default:
        nj_buf_put(h->out, p, len);
    }
}

void
nj_html_cut(struct nj_html *h, struct nj_slice text, size_t chars_max)
{
    const char *p = text.ptr, *end = text.len ? p + text.len : p;

    for (size_t chars = 0; p < end; chars++) {
        unsigned n = nj_utf8_len(p, (size_t)(end - p));
        unsigned char c = (unsigned char)*p;
        if (chars == chars_max) {
            nj_html_put(h, "\xE2\x80\xA6");
            return;
        }
        if (n == 0 || (c < 32 && c != '\n' && c != '\t') || c == 127 ||
            (n == 2 && c == 0xC2 && (unsigned char)p[1] < 0xA0) ||
            (n == 3 && c == 0xEF && (unsigned char)p[1] == 0xBF && (unsigned char)p[2] >= 0xBE))
            nj_html_put(h, "\xEF\xBF\xBD");
        else
            char_put(h, p, n);
        p += n ? n : 1;
    }
}

void
nj_html_text(struct nj_html *h, struct nj_slice text)
{
    nj_html_cut(h, text, SIZE_MAX);
}

void
nj_html_name(struct nj_html *h, struct nj_slice text)
{
    nj_html_put(h, "<bdi>");
    nj_html_cut(h, text, 120);
    nj_html_put(h, "</bdi>");
}

/* Our own number formats hold plain blanks; on the page they must not break. */
static void
number_put(struct nj_html *h, const char *text)
{
    for (; *text; text++) {
        if (*text == ' ')
            nj_html_put(h, "\xC2\xA0");
        else
            nj_buf_put_char(h->out, *text);
    }
}

void
nj_html_duration(struct nj_html *h, double ns)
{
    char text[NJ_DURATION_TEXT];

    if (!isfinite(ns)) {
        nj_html_put(h, "\xE2\x80\x93");
        return;
    }
    nj_duration_print(text, ns);
    number_put(h, text);
}

void
nj_html_ratio(struct nj_html *h, double ratio)
{
    char text[32];

    if (!isfinite(ratio)) {
        nj_html_put(h, "\xE2\x80\x93");
        return;
    }
    nj_ratio_print(text, ratio);
    number_put(h, text);
}

void
nj_html_count(struct nj_html *h, double value)
{
    char text[32];

    if (!isfinite(value)) {
        nj_html_put(h, "\xE2\x80\x93");
        return;
    }
    nj_count_print(text, value);
    number_put(h, text);
}

void
nj_html_counted(struct nj_html *h, double value, const char *noun)
{
    nj_html_count(h, value);
    nj_html_printf(h, " %s%s", noun, nj_plural(value));
}
