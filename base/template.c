/* template.c - error messages with their variable parts masked. */
#include "base/template.h"

#include "base/search.h"
#include "base/utf8.h"

enum {
    ID_LEN_MIN = 12,
    ID_DIGITS_MIN = 3,
    ID_HEX_MIN = 4,
    HEX_LEN_MIN = 8,
    SCHEME_LEN_MAX = 16
};

static bool
char_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static bool
char_is_hex(char c)
{
    char l = nj_char_lower(c);
    return nj_char_is_digit(c) || (l >= 'a' && l <= 'f');
}

static bool
char_is_alnum(char c)
{
    return nj_char_is_digit(c) || nj_char_is_letter(c);
}

static bool
char_is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* A word may begin at i: the character before it is of no word. */
static bool
is_begin(struct nj_slice s, size_t i)
{
    return i == 0 || !nj_char_is_word(s.ptr[i - 1]);
}

static bool
is_end(struct nj_slice s, size_t i)
{
    return i >= s.len || !nj_char_is_word(s.ptr[i]);
}

static size_t
digits_len(struct nj_slice s, size_t i)
{
    size_t n = 0;
    while (i + n < s.len && nj_char_is_digit(s.ptr[i + n]))
        n++;
    return n;
}

/* Punctuation at the end of a run belongs to the sentence, not to the run. */
static size_t
without_punctuation(struct nj_slice s, size_t i, size_t len)
{
    while (len > 0 && char_is_one_of(s.ptr[i + len - 1], ".,;:)!?"))
        len--;
    return len;
}

/* Each of the following: how many bytes from i on are this kind of thing; 0: it is not there.
 */

static size_t
url_len(struct nj_slice s, size_t i)
{
    size_t n = 0;

    if (!is_begin(s, i) || !nj_char_is_letter(s.ptr[i]))
        return 0;
    while (i + n < s.len && n < SCHEME_LEN_MAX &&
           (char_is_alnum(s.ptr[i + n]) || char_is_one_of(s.ptr[i + n], "+-.")))
        n++;
    if (!nj_slice_starts(nj_slice_from(s, i + n), NJ_SLICE("://")))
        return 0;
    for (n += 3; i + n < s.len; n++)
        if ((unsigned char)s.ptr[i + n] <= ' ' || char_is_one_of(s.ptr[i + n], "'\"`<>"))
            break;
    return without_punctuation(s, i, n);
}

static size_t
mail_len(struct nj_slice s, size_t i)
{
    size_t n = 0, dot = 0;

    if (!is_begin(s, i) || !char_is_alnum(s.ptr[i]))
        return 0;
    while (i + n < s.len &&
           (char_is_alnum(s.ptr[i + n]) || char_is_one_of(s.ptr[i + n], "._%+-")))
        n++;
    if (i + n >= s.len || s.ptr[i + n] != '@')
        return 0;
    while (++n,
           i + n < s.len && (char_is_alnum(s.ptr[i + n]) || char_is_one_of(s.ptr[i + n], ".-")))
        if (s.ptr[i + n] == '.' && i + n + 1 < s.len && nj_char_is_letter(s.ptr[i + n + 1]))
            dot = n;
    n = without_punctuation(s, i, n);
    return dot > 0 && n > dot + 2 ? n : 0;
}

static size_t
uuid_len(struct nj_slice s, size_t i)
{
    static const unsigned groups[] = {8, 4, 4, 4, 12};
    size_t n = 0;

    if (!is_begin(s, i))
        return 0;
    for (size_t g = 0; g < 5; g++) {
        if (g > 0 && (i + n >= s.len || s.ptr[i + n++] != '-'))
            return 0;
        for (unsigned k = 0; k < groups[g]; k++, n++)
            if (i + n >= s.len || !char_is_hex(s.ptr[i + n]))
                return 0;
    }
    return is_end(s, i + n) ? n : 0;
}

/* `pattern`: '0' a digit, anything else itself. */
static size_t
pattern_len(struct nj_slice s, size_t i, const char *pattern)
{
    size_t n = 0;

    for (; pattern[n] != '\0'; n++) {
        if (i + n >= s.len)
            return 0;
        char c = s.ptr[i + n];
        if (pattern[n] == '0' ? !nj_char_is_digit(c) : c != pattern[n])
            return 0;
    }
    return n;
}

static size_t
clock_len(struct nj_slice s, size_t i)
{
    size_t n = pattern_len(s, i, "00:00:00");

    if (n == 0)
        return pattern_len(s, i, "00:00");
    if (i + n < s.len && char_is_one_of(s.ptr[i + n], ".,") && digits_len(s, i + n + 1) > 0)
        n += 1 + digits_len(s, i + n + 1);
    return n;
}

static size_t
time_len(struct nj_slice s, size_t i)
{
    size_t n, clock, zone;

    if (!is_begin(s, i))
        return 0;
    n = pattern_len(s, i, "0000-00-00");
    if (n == 0) {
        n = pattern_len(s, i, "00:00:00") ? clock_len(s, i) : 0;
        return is_end(s, i + n) ? n : 0;
    }
    if (i + n < s.len && char_is_one_of(s.ptr[i + n], "T ") &&
        (clock = clock_len(s, i + n + 1)) > 0) {
        n += 1 + clock;
        if (i + n < s.len && s.ptr[i + n] == 'Z')
            n++;
        else if (i + n < s.len && char_is_one_of(s.ptr[i + n], "+-") &&
                 ((zone = pattern_len(s, i + n + 1, "00:00")) > 0 ||
                  (zone = pattern_len(s, i + n + 1, "0000")) > 0))
            n += 1 + zone;
    }
    return is_end(s, i + n) ? n : 0;
}

/* Apostrophes inside words are none: a quotation begins after a non-word and ends before one.
 * One that never ends was cut by whoever shortened the message, and takes all that is left. */
static size_t
quoted_len(struct nj_slice s, size_t i)
{
    if (!char_is_one_of(s.ptr[i], "'\"`") || !is_begin(s, i))
        return 0;
    for (size_t k = i + 1; k < s.len; k++)
        if (s.ptr[k] == s.ptr[i] && is_end(s, k + 1))
            return k + 1 - i;
    return i + 1 < s.len && nj_char_is_word(s.ptr[i + 1]) ? s.len - i : 0;
}

static size_t
bracketed_len(struct nj_slice s, size_t i, char open, char close)
{
    size_t depth = 0;

    if (s.ptr[i] != open)
        return 0;
    for (size_t k = i; k < s.len; k++) {
        if (s.ptr[k] == open)
            depth++;
        else if (s.ptr[k] == close && --depth == 0)
            return k + 1 - i;
    }
    return s.len - i; /* cut */
}

static size_t
object_len(struct nj_slice s, size_t i)
{
    return bracketed_len(s, i, '{', '}');
}

/* Words alone in brackets are a label of the program's own and stay. */
static size_t
list_len(struct nj_slice s, size_t i)
{
    size_t n = bracketed_len(s, i, '[', ']');

    for (size_t k = 0; k < n; k++)
        if (nj_char_is_digit(s.ptr[i + k]) || char_is_one_of(s.ptr[i + k], ",:='\"{"))
            return n;
    return 0;
}

static size_t
path_len(struct nj_slice s, size_t i)
{
    static const struct nj_slice prefixes[] = {
        {"/", 1}, {"~/", 2}, {"./", 2}, {"../", 3}, {"\\\\", 2}};
    struct nj_slice rest = nj_slice_from(s, i);
    size_t prefix = 0, n;

    if (!is_begin(s, i) || (i > 0 && char_is_one_of(s.ptr[i - 1], "/:<.")))
        return 0;
    for (size_t k = 0; k < sizeof prefixes / sizeof prefixes[0]; k++)
        if (nj_slice_starts(rest, prefixes[k]))
            prefix = prefixes[k].len;
    if (prefix == 0 && rest.len > 2 && nj_char_is_letter(rest.ptr[0]) && rest.ptr[1] == ':' &&
        rest.ptr[2] == '\\')
        prefix = 3;
    if (prefix == 0)
        return 0;
    for (n = prefix; n < rest.len; n++)
        if (!nj_char_is_word(rest.ptr[n]) && !char_is_one_of(rest.ptr[n], "/\\.~%+@=-"))
            break;
    n = without_punctuation(s, i, n);
    return n > prefix ? n : 0;
}

static size_t
ip_len(struct nj_slice s, size_t i)
{
    size_t n = 0;

    if (!is_begin(s, i))
        return 0;
    for (unsigned group = 0; group < 4; group++) {
        size_t digits;
        if (group > 0 && (i + n >= s.len || s.ptr[i + n++] != '.'))
            return 0;
        digits = digits_len(s, i + n);
        if (digits == 0 || digits > 3)
            return 0;
        n += digits;
    }
    if (i + n < s.len && s.ptr[i + n] == ':' && digits_len(s, i + n + 1) > 0)
        n += 1 + digits_len(s, i + n + 1);
    return is_end(s, i + n) ? n : 0;
}

static size_t
hex_len(struct nj_slice s, size_t i)
{
    bool has_digit = false, has_letter = false;
    size_t n = 0, prefix = 0;

    if (!is_begin(s, i))
        return 0;
    if (s.ptr[i] == '0' && i + 1 < s.len && nj_char_lower(s.ptr[i + 1]) == 'x')
        prefix = 2;
    for (n = prefix; i + n < s.len && char_is_hex(s.ptr[i + n]); n++) {
        has_digit |= nj_char_is_digit(s.ptr[i + n]);
        has_letter |= !nj_char_is_digit(s.ptr[i + n]);
    }
    if (!is_end(s, i + n))
        return 0;
    return (prefix && n > prefix) || (n >= HEX_LEN_MIN && has_digit && has_letter) ? n : 0;
}

/* A long token with several digits, or a short one in which letters and digits take turns, or
 * in which all letters are hexadecimal. */
static size_t
id_len(struct nj_slice s, size_t i)
{
    size_t n = 0, digits = 0, letters = 0, run, groups = 0;
    bool is_hex = true;

    if (!is_begin(s, i))
        return 0;
    for (; i + n < s.len && (char_is_alnum(s.ptr[i + n]) || char_is_one_of(s.ptr[i + n], "_-"));
         n++) {
        digits += nj_char_is_digit(s.ptr[i + n]);
        letters += nj_char_is_letter(s.ptr[i + n]);
    }
    if (n >= ID_LEN_MIN && digits >= ID_DIGITS_MIN && letters > 0)
        return n;
    for (run = 0, letters = 0; i + run < s.len && char_is_alnum(s.ptr[i + run]); run++) {
        bool is_digit = nj_char_is_digit(s.ptr[i + run]);
        letters += !is_digit;
        groups += is_digit && (run == 0 || !nj_char_is_digit(s.ptr[i + run - 1]));
        is_hex &= char_is_hex(s.ptr[i + run]);
    }
    if (letters == 0 || !is_end(s, i + run))
        return 0;
    return groups >= 2 || (groups == 1 && is_hex && run >= ID_HEX_MIN) ? run : 0;
}

/* A sign belongs to the number only where a number begins a word: not in "org-123". */
static size_t
number_len(struct nj_slice s, size_t i)
{
    size_t n = 0, digits, exponent;

    if (char_is_one_of(s.ptr[i], "+-") &&
        (i == 0 || char_is_blank(s.ptr[i - 1]) || s.ptr[i - 1] == '('))
        n = 1;
    digits = digits_len(s, i + n);
    if (digits == 0)
        return 0;
    n += digits;
    while (i + n < s.len && s.ptr[i + n] == ',' && digits_len(s, i + n + 1) == 3)
        n += 4;
    if (i + n < s.len && s.ptr[i + n] == '.' && digits_len(s, i + n + 1) > 0)
        n += 1 + digits_len(s, i + n + 1);
    if (i + n < s.len && nj_char_lower(s.ptr[i + n]) == 'e') {
        exponent = i + n + 1 < s.len && char_is_one_of(s.ptr[i + n + 1], "+-") ? 2 : 1;
        digits = digits_len(s, i + n + exponent);
        if (digits > 0 && is_end(s, i + n + exponent + digits))
            n += exponent + digits;
    }
    return n;
}

static size_t
blank_len(struct nj_slice s, size_t i)
{
    size_t n = 0;
    while (i + n < s.len && char_is_blank(s.ptr[i + n]))
        n++;
    return n;
}

static const struct {
    size_t (*len)(struct nj_slice s, size_t i);
    struct nj_slice mask;
} rules[] = {
    {blank_len, {" ", 1}},         {url_len, {"<url>", 5}},   {mail_len, {"<mail>", 6}},
    {uuid_len, {"<uuid>", 6}},     {time_len, {"<time>", 6}}, {quoted_len, {"<text>", 6}},
    {object_len, {"<object>", 8}}, {list_len, {"<list>", 6}}, {path_len, {"<path>", 6}},
    {ip_len, {"<ip>", 4}},         {hex_len, {"<hex>", 5}},   {id_len, {"<id>", 4}},
    {number_len, {"<n>", 3}},
};

static bool
char_ends_line(char c)
{
    return c == '\n' || c == '\r';
}

static struct nj_slice
without_margins(struct nj_slice s)
{
    while (s.len > 0 && (char_is_blank(*s.ptr) || char_ends_line(*s.ptr)))
        s = nj_slice_from(s, 1);
    if (s.len > NJ_TEMPLATE_IN)
        s.len = NJ_TEMPLATE_IN;
    return s;
}

/* Drops a character that the limit cut in two. */
static size_t
without_cut_char(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++)
        if (((unsigned char)text[len - back] & 0xC0) == 0xC0)
            return nj_utf8_len(text + len - back, back) == 0 ? len - back : len;
    return len;
}

size_t
nj_template_make(char out[NJ_TEMPLATE_OUT], struct nj_slice message)
{
    struct nj_slice s = without_margins(message);
    size_t len = 0;

    for (size_t i = 0; i < s.len && !char_ends_line(s.ptr[i]);) {
        struct nj_slice piece = {s.ptr + i, 1};
        size_t taken = 1, n = 0;
        /* no rule begins with a letter inside a word, which is where most bytes are */
        bool is_inside = i > 0 && nj_char_is_letter(s.ptr[i]) && !is_begin(s, i);
        for (size_t r = 0; r < sizeof rules / sizeof rules[0] && !is_inside && n == 0; r++) {
            n = rules[r].len(s, i);
            if (n > 0) {
                taken = n;
                piece = rules[r].mask;
            }
        }
        if (len + piece.len > NJ_TEMPLATE_OUT)
            break;
        memcpy(out + len, piece.ptr, piece.len);
        len += piece.len;
        i += taken;
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    return without_cut_char(out, len);
}
