/* operation.c - names of spans without what changes from run to run. */
#include "schema/operation.h"

#include "base/search.h"

enum { HEX_MIN = 8, MIX_MIN = 16, TAIL_HEX_MIN = 6, LONG_NUMBER = 4 };

static const char *const counted[] = {
#define NJ_NAME_COUNTED(text) text,
#include "schema/span_names.def"
};

/* Bytes of other scripts count as letters. */
static bool
is_letter(char c)
{
    return nj_char_is_letter(c) || (c & 0x80);
}

static bool
is_hex(char c)
{
    return nj_char_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

/* What one run of letters and digits is made of. */
struct word {
    size_t len, digits, changes;
    bool is_hex;
};

static struct word
word_at(struct nj_slice s, size_t i)
{
    struct word w = {.is_hex = true};

    for (; i + w.len < s.len; w.len++) {
        char ch = s.ptr[i + w.len];
        if (!nj_char_is_digit(ch) && !is_letter(ch))
            break;
        w.digits += nj_char_is_digit(ch);
        w.is_hex &= is_hex(ch);
        w.changes +=
            w.len > 0 && nj_char_is_digit(ch) != nj_char_is_digit(s.ptr[i + w.len - 1]);
    }
    return w;
}

/* Length of the text at `i` that has the shape of `pattern`: x a hex digit, 9 a digit, all else
 * itself; 0 if it has not. */
static size_t
shape_at(struct nj_slice s, size_t i, const char *pattern)
{
    size_t n = 0;

    for (; pattern[n]; n++) {
        if (i + n >= s.len)
            return 0;
        char ch = s.ptr[i + n];
        if (pattern[n] == 'x'   ? !is_hex(ch)
            : pattern[n] == '9' ? !nj_char_is_digit(ch)
                                : ch != pattern[n])
            return 0;
    }
    return n;
}

static bool
ends_at(struct nj_slice s, size_t i)
{
    return i >= s.len || (!nj_char_is_digit(s.ptr[i]) && !is_letter(s.ptr[i]));
}

/* Length of a date, with a time of day if there is one. */
static size_t
date_len(struct nj_slice s, size_t i)
{
    size_t n = shape_at(s, i, "9999-99-99");

    if (!n)
        return 0;
    size_t clock = shape_at(s, i + n, "T99:99");
    if (!clock)
        clock = shape_at(s, i + n, " 99:99");
    if (!clock)
        return ends_at(s, i + n) ? n : 0;
    for (n += clock;
         i + n < s.len && (nj_char_is_digit(s.ptr[i + n]) || is_one_of(s.ptr[i + n], ":.Z"));)
        n++;
    return n;
}

/* Length of an id that changes from run to run, or 0; `i` is at the start of a word. */
static size_t
id_len(struct nj_slice s, size_t i, const struct word *w)
{
    size_t uuid = shape_at(s, i, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");

    if (uuid && ends_at(s, i + uuid))
        return uuid;
    if (w->is_hex && w->len >= HEX_MIN && w->digits > 0 && w->digits < w->len)
        return w->len;
    if (w->len >= MIX_MIN && w->digits >= 3 && w->changes >= 3)
        return w->len;
    if (w->len >= HEX_MIN && s.ptr[i] == '0' && s.ptr[i + 1] == 'x')
        return w->len;
    return date_len(s, i);
}

static bool
is_counted(struct nj_slice word)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        struct nj_slice known = nj_slice_of(counted[i]);
        size_t n = 0;
        while (n < word.len && n < known.len && nj_char_lower(word.ptr[n]) == known.ptr[n])
            n++;
        if (n == word.len && n == known.len)
            return true;
    }
    return false;
}

/* Where a scan stands: the word before, and whether it was copied or masked. */
struct scan {
    struct nj_slice word; /* empty: masked, or none yet */
    size_t end;
    bool has_masked;
};

/* A number joined to a word by a dash or dot is a version ("gpt-4", "claude-3.5"), unless it is
 * long or the word counts something ("step-7"). */
static bool
number_stays(const struct scan *scan, struct nj_slice s, size_t i, size_t digits)
{
    return scan->word.len > 0 && i == scan->end + 1 && is_one_of(s.ptr[i - 1], "-.") &&
           digits < LONG_NUMBER && !is_counted(scan->word);
}

/* Length of a number with its groups and fractions: "1,204.50", "1.2.3". */
static size_t
number_len(struct nj_slice s, size_t i)
{
    size_t n = 0;

    while (i + n < s.len && nj_char_is_digit(s.ptr[i + n])) {
        n++;
        if (i + n + 1 < s.len && is_one_of(s.ptr[i + n], ".,:") &&
            nj_char_is_digit(s.ptr[i + n + 1]))
            n++;
    }
    return n;
}

/* Copies or masks what stands at `i`; returns its length. */
static size_t
word_write(struct nj_buf *out, struct scan *scan, struct nj_slice s, size_t i)
{
    struct word w = word_at(s, i);
    size_t masked = id_len(s, i, &w);

    if (!masked && w.digits == w.len && !number_stays(scan, s, i, w.digits))
        masked = number_len(s, i);
    if (masked) {
        nj_buf_put_char(out, '#');
        *scan = (struct scan){.end = i + masked, .has_masked = true};
        return masked;
    }
    scan->word = (struct nj_slice){s.ptr + i, w.len};
    scan->end = i + w.len;
    nj_buf_put_slice(out, scan->word);
    return w.len;
}

bool
nj_operation_write(struct nj_buf *out, struct nj_slice name, struct nj_slice keep)
{
    struct scan scan = {0};

    for (size_t i = 0; i < name.len;) {
        struct nj_slice rest = nj_slice_from(name, i);
        if (keep.len && nj_slice_starts(rest, keep)) {
            nj_buf_put_slice(out, keep);
            scan.word = keep;
            scan.end = i += keep.len;
        } else if (nj_char_is_digit(name.ptr[i]) || is_letter(name.ptr[i])) {
            i += word_write(out, &scan, name, i);
        } else {
            nj_buf_put_char(out, name.ptr[i++]);
        }
    }
    return scan.has_masked;
}

bool
nj_text_is_id(struct nj_slice text)
{
    if (text.len == 0 || (!nj_char_is_digit(text.ptr[0]) && !is_letter(text.ptr[0])))
        return false;
    struct word w = word_at(text, 0);
    if (id_len(text, 0, &w) == text.len || w.digits == text.len)
        return true;
    if (w.digits > 0 || w.len + 1 >= text.len || !is_one_of(text.ptr[w.len], "._-"))
        return false;
    struct nj_slice tail = nj_slice_from(text, w.len + 1);
    w = word_at(tail, 0);
    bool is_short_hex = w.is_hex && w.digits > 0 && w.digits < w.len && w.len >= TAIL_HEX_MIN;
    return w.len > 0 &&
           (id_len(tail, 0, &w) == tail.len || (is_short_hex && w.len == tail.len));
}
