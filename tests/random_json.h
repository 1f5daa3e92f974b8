/* random_json.h - random JSON documents in every spelling the grammar has, and random damage.
 */
#ifndef NJ_TESTS_RANDOM_JSON_H
#define NJ_TESTS_RANDOM_JSON_H

#include "base/buf.h"
#include "tests/test.h"

static inline size_t
random_below(uint64_t *seed, size_t n)
{
    return (size_t)(test_random(seed) % n);
}

static inline void
random_blanks(struct nj_buf *buf, uint64_t *seed)
{
    static const char blanks[] = " \n\t\r";
    size_t n = random_below(seed, 8);

    if (n == 7)
        n = random_below(seed, 40);
    for (size_t i = 4; i < n; i++)
        nj_buf_put_char(buf, blanks[random_below(seed, 4)]);
}

static inline void
random_string(struct nj_buf *buf, uint64_t *seed)
{
    static const char *const pieces[] = {
        "plain text that is longer than one register of the machine",
        "a",
        "",
        "key",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b\\f\\r\\t",
        "\\u0041",
        "\\u00e9",
        "\\u20AC",
        "\\ud83d\\ude00",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "{[:,]}",
    };

    nj_buf_put_char(buf, '"');
    for (size_t n = random_below(seed, 6); n > 0; n--)
        nj_buf_put_text(buf, pieces[random_below(seed, NJ_LEN(pieces))]);
    nj_buf_put_char(buf, '"');
}

static inline void
random_scalar(struct nj_buf *buf, uint64_t *seed)
{
    static const char *const words[] = {"true",
                                        "false",
                                        "null",
                                        "0",
                                        "-0",
                                        "0.5",
                                        "-0.0e+1",
                                        "1E5",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "123456789.125e-3",
                                        "3.141592653589793",
                                        "1e308"};

    switch (random_below(seed, 4)) {
    case 0:
        nj_buf_put_text(buf, words[random_below(seed, NJ_LEN(words))]);
        break;
    case 1:
        nj_buf_printf(buf, "%lld", (long long)test_random(seed) >> random_below(seed, 64));
        break;
    default:
        random_string(buf, seed);
        break;
    }
}

/* A value of at most `depth` levels; keys may repeat. */
static inline void
random_value(struct nj_buf *buf, uint64_t *seed, unsigned depth)
{
    size_t kind = random_below(seed, 3);

    random_blanks(buf, seed);
    if (kind == 0 || depth == 0) {
        random_scalar(buf, seed);
    } else {
        nj_buf_put_char(buf, kind == 1 ? '{' : '[');
        random_blanks(buf, seed);
        for (size_t i = 0, n = random_below(seed, 5); i < n; i++) {
            if (i)
                nj_buf_put_char(buf, ',');
            random_blanks(buf, seed);
            if (kind == 1) {
                random_string(buf, seed);
                random_blanks(buf, seed);
                nj_buf_put_char(buf, ':');
            }
            random_value(buf, seed, depth - 1);
        }
        nj_buf_put_char(buf, kind == 1 ? '}' : ']');
    }
    random_blanks(buf, seed);
}

/* Changes, removes, doubles or cuts a few bytes. */
static inline void
random_damage(struct nj_buf *buf, uint64_t *seed)
{
    static const char likely[] = "{}[],:\"\\ \n0123456789-+.eEtfnu/\x01\x7f\x80\xc3\xed\xa0";

    for (size_t n = 1 + random_below(seed, 3); n > 0 && buf->len > 0; n--) {
        size_t at = random_below(seed, buf->len);
        switch (random_below(seed, 5)) {
        case 0:
            memmove(buf->ptr + at, buf->ptr + at + 1, buf->len - at - 1);
            buf->len--;
            break;
        case 1:
            nj_buf_put_char(buf, 'x');
            memmove(buf->ptr + at + 1, buf->ptr + at, buf->len - at - 1);
            break;
        case 2:
            if (random_below(seed, 8) == 0)
                buf->len = at;
            break;
        default:
            buf->ptr[at] = likely[random_below(seed, sizeof likely - 1)];
            break;
        }
    }
}

#endif
