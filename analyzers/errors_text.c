/* errors_text.c - what the words of an error say. The lists are data: errors_terms.def. */
#include "analyzers/errors_text.h"

#include "base/search.h"

enum { NEEDLE_MAX = 80, TEXT_MIN = 8, CUT_MIN = 20, HOPS_MAX = 4 };

enum term_kind {
    TERM_CONTROL_FLOW, /* a base type, whole */
    TERM_CANCELLED_TYPE,
    TERM_CANCELLED_TEXT, /* lower case, anywhere in the text */
    TERM_EMPTY_TEXT,     /* lower case, the whole message */
    TERM_GENERIC,        /* a base type, whole */
    TERM_WRAPPER,        /* what stands before the suffix of a wrapper's type */
    TERM_SUFFIX,         /* how types of errors end */
    TERM_ENVIRONMENT,    /* lower case, anywhere in type or text */
    TERM_CALLER,
};

static const struct {
    enum term_kind kind;
    struct nj_slice text;
} terms[] = {
#define NJ_TERM(kind, text) {TERM_##kind, {"" text, sizeof(text) - 1}},
#include "analyzers/errors_terms.def"
#undef NJ_TERM
};

static bool
is_term(enum term_kind kind, struct nj_slice text)
{
    for (size_t i = 0; i < NJ_LEN(terms); i++)
        if (terms[i].kind == kind && nj_slice_eq(terms[i].text, text))
            return true;
    return false;
}

/* Where a word begins, also inside of names: after what is no letter, at a capital that follows
 * or precedes a small letter. */
static bool
is_word_begin(struct nj_slice text, size_t i)
{
    bool is_capital = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';

    if (i == 0 || !nj_char_is_letter(text.ptr[i - 1]))
        return true;
    return is_capital &&
           (nj_char_lower(text.ptr[i - 1]) == text.ptr[i - 1] ||
            (i + 1 < text.len && nj_char_lower(text.ptr[i + 1]) == text.ptr[i + 1]));
}

static bool
starts_with_term(struct nj_slice text, struct nj_slice term)
{
    if (term.len > text.len)
        return false;
    for (size_t i = 0; i < term.len; i++)
        if (nj_char_lower(text.ptr[i]) != term.ptr[i])
            return false;
    return true;
}

/* Which kinds of lower-case terms stand in the text, as bits 1 << kind. */
static unsigned
terms_in(struct nj_slice text)
{
    const unsigned wanted =
        1u << TERM_CANCELLED_TEXT | 1u << TERM_ENVIRONMENT | 1u << TERM_CALLER;
    unsigned found = 0;

    for (size_t i = 0; i < text.len; i++) {
        char first = nj_char_lower(text.ptr[i]);
        if (!nj_char_is_letter(first) || !is_word_begin(text, i))
            continue;
        for (size_t t = 0; t < NJ_LEN(terms); t++)
            if (terms[t].text.len > 0 && terms[t].text.ptr[0] == first &&
                (wanted & ~found & 1u << terms[t].kind) &&
                starts_with_term(nj_slice_from(text, i), terms[t].text))
                found |= 1u << terms[t].kind;
    }
    return found;
}

/* Length of the longest term of this kind at the end of `text`; 0: none. */
static size_t
term_at_end(enum term_kind kind, struct nj_slice text)
{
    size_t best = 0;

    for (size_t i = 0; i < NJ_LEN(terms); i++)
        if (terms[i].kind == kind && terms[i].text.len > best &&
            nj_slice_ends(text, terms[i].text))
            best = terms[i].text.len;
    return best;
}

struct nj_slice
nj_error_type_base(struct nj_slice type)
{
    for (size_t i = type.len; i-- > 0;) {
        char c = type.ptr[i];
        if (c == ' ')
            return type;
        if ((c == '.' || c == ':' || c == '\\' || c == '/') && i + 1 < type.len)
            return nj_slice_from(type, i + 1);
    }
    return type;
}

struct nj_slice
nj_error_type_parse(struct nj_slice message, struct nj_slice *rest)
{
    struct nj_slice type = {message.ptr, 0};

    *rest = message;
    while (type.len < message.len &&
           (nj_char_is_word(message.ptr[type.len]) || message.ptr[type.len] == '.'))
        type.len++;
    if (type.len == 0 || nj_char_is_digit(*type.ptr) || term_at_end(TERM_SUFFIX, type) == 0)
        return (struct nj_slice){0};
    if (type.len < message.len && message.ptr[type.len] != ':' && message.ptr[type.len] != '(')
        return (struct nj_slice){0};
    if (type.len < message.len && message.ptr[type.len] == ':') {
        *rest = nj_slice_from(message, type.len + 1);
        while (rest->len > 0 && *rest->ptr == ' ')
            *rest = nj_slice_from(*rest, 1);
    }
    return nj_error_type_base(type);
}

bool
nj_error_type_is_control_flow(struct nj_slice base)
{
    return is_term(TERM_CONTROL_FLOW, base);
}

bool
nj_error_text_is_control_flow(struct nj_slice message)
{
    if (message.len > NEEDLE_MAX)
        message.len = NEEDLE_MAX;
    for (size_t i = 0; i < message.len;) {
        struct nj_slice word = {message.ptr + i, 0};
        while (i < message.len && nj_char_is_word(message.ptr[i++]))
            word.len++;
        if (word.len > 0 && is_term(TERM_CONTROL_FLOW, word))
            return true;
    }
    return false;
}

bool
nj_error_is_cancellation(struct nj_slice base, struct nj_slice message)
{
    if (base.len > 0 && is_term(TERM_CANCELLED_TYPE, base))
        return true;
    return is_term(TERM_GENERIC, base) && (terms_in(message) & 1u << TERM_CANCELLED_TEXT);
}

bool
nj_error_text_is_empty(struct nj_slice message)
{
    while (message.len > 0 &&
           (message.ptr[message.len - 1] == '.' || message.ptr[message.len - 1] == '!'))
        message.len--;
    for (size_t t = 0; t < NJ_LEN(terms); t++)
        if (terms[t].kind == TERM_EMPTY_TEXT && terms[t].text.len == message.len &&
            starts_with_term(message, terms[t].text))
            return true;
    return message.len == 0;
}

bool
nj_error_type_is_specific(struct nj_slice base)
{
    size_t suffix = term_at_end(TERM_SUFFIX, base);

    if (is_term(TERM_GENERIC, base))
        return false;
    return suffix == 0 ||
           term_at_end(TERM_WRAPPER, (struct nj_slice){base.ptr, base.len - suffix}) == 0;
}

static enum nj_error_class
class_of_http(int code)
{
    if (code == 429 || code == 408 || code >= 500)
        return NJ_ERROR_ENVIRONMENT;
    if (code == 400 || code == 404 || code == 405 || code == 409 || code == 413 ||
        code == 415 || code == 422)
        return NJ_ERROR_CALLER;
    return NJ_ERROR_OTHER;
}

/* The first number of three digits in the text that is an HTTP status with a meaning here. */
static enum nj_error_class
class_of_numbers(struct nj_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t n = 0;
        int code = 0;
        bool is_word = i > 0 && nj_char_is_word(text.ptr[i - 1]);
        enum nj_error_class class;
        while (i + n < text.len && nj_char_is_digit(text.ptr[i + n]) && n < 4)
            code = code * 10 + (text.ptr[i + n++] - '0');
        is_word |= i + n < text.len && nj_char_is_word(text.ptr[i + n]);
        class = n == 3 && !is_word && code < 600 ? class_of_http(code) : NJ_ERROR_OTHER;
        if (class != NJ_ERROR_OTHER)
            return class;
        while (n > 1 && i + 1 < text.len && nj_char_is_digit(text.ptr[i + 1]))
            i++;
    }
    return NJ_ERROR_OTHER;
}

static enum nj_error_class
class_of_text(struct nj_slice text)
{
    unsigned found = terms_in(text);

    if (found & 1u << TERM_ENVIRONMENT)
        return NJ_ERROR_ENVIRONMENT;
    return found & 1u << TERM_CALLER ? NJ_ERROR_CALLER : NJ_ERROR_OTHER;
}

/* The type knows best, then the status code, then the words outside of quotations, then numbers
 * in them. */
enum nj_error_class
nj_error_class_of(const struct nj_error_node *node)
{
    enum nj_error_class class;

    if (node->flags & NJ_ERROR_IS_CANCELLED)
        return NJ_ERROR_CANCELLED;
    class = class_of_text(node->type);
    if (class == NJ_ERROR_OTHER)
        class = class_of_http(node->http);
    if (class == NJ_ERROR_OTHER)
        class = class_of_text(node->template);
    return class == NJ_ERROR_OTHER ? class_of_numbers(node->message) : class;
}

/* The text was cut inside of the words: it ends with the beginning of them. */
static bool
ends_in(struct nj_slice text, struct nj_slice words)
{
    for (size_t len = words.len < text.len ? words.len : text.len; len >= CUT_MIN; len--) {
        struct nj_slice end = nj_slice_from(text, text.len - len);
        if (end.ptr[0] == words.ptr[0] && nj_slice_starts(words, end))
            return true;
    }
    return false;
}

/* The very words of the child stand in the parent's text. */
static bool
has_same_words(const struct nj_error_node *parent, const struct nj_error_node *child)
{
    struct nj_slice needle = child->message;

    if (needle.len < TEXT_MIN)
        return false;
    if (needle.len > NEEDLE_MAX)
        needle.len = NEEDLE_MAX;
    return nj_slice_find(parent->text, needle) != NJ_NOT_FOUND || ends_in(parent->text, needle);
}

/* The same, but for the parts that vary from error to error. */
static bool
has_like_words(const struct nj_error_node *parent, const struct nj_error_node *child)
{
    return child->template.len >= TEXT_MIN &&
           nj_slice_find(parent->template, child->template) != NJ_NOT_FOUND;
}

int
nj_error_match_alone(const struct nj_error_node *parent, const struct nj_error_node *child)
{
    int level = 0;

    if (has_same_words(parent, child))
        level = 3;
    else if (has_like_words(parent, child))
        level = 2;
    else if (nj_error_type_is_specific(child->type) &&
             (nj_slice_eq(parent->type, child->type) ||
              nj_slice_find(parent->text, child->type) != NJ_NOT_FOUND))
        level = 1;
    else if (child->http >= 400 && child->http == parent->http)
        return 1;
    if ((parent->flags | child->flags) & NJ_ERROR_IS_WEAK)
        level = level > 1 ? 1 : 0;
    return level;
}

int
nj_error_match(const struct nj_errors *errors, uint32_t parent, uint32_t child)
{
    const struct nj_error_node *p = &errors->nodes[parent];
    int best = 0;

    for (int hop = 0; hop <= HOPS_MAX && child != NJ_NO_NODE && best < 3; hop++) {
        const struct nj_error_node *c = &errors->nodes[child];
        int level = nj_error_match_alone(p, c);
        best = level > best ? level : best;
        if (c->flags & NJ_ERROR_IS_SPECIFIC)
            break;
        child = c->cause;
    }
    return best;
}

bool
nj_error_quotes(const struct nj_error_node *target, const struct nj_error_node *source)
{
    bool is_telling = false;

    for (size_t i = 0; i < source->message.len && !is_telling; i++) {
        char c = source->message.ptr[i];
        is_telling = nj_char_is_digit(c) || c == '\'' || c == '"';
    }
    return is_telling && source->message.len >= TEXT_MIN &&
           nj_slice_find(target->text, source->message) != NJ_NOT_FOUND;
}
