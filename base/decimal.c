/* decimal.c - decimal numbers to scaled integers, exactly. */
#include "base/decimal.h"

enum { EXPONENT_MAX = 10000 }; /* beyond it every number is 0 or too large */

/* A number as mantissa * 10^exponent; digits after the nineteenth are cut. */
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool is_negative;
};

/* Digits at *at into `d`, moving *at; the number of digits. */
static size_t
digits_read(const char **at, const char *end, struct decimal *d, bool is_fraction)
{
    const char *start = *at;

    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        if (d->mantissa < UINT64_MAX / 10 - 1) {
            d->mantissa = d->mantissa * 10 + (uint64_t)(**at - '0');
            d->exponent -= is_fraction;
        } else {
            d->exponent += !is_fraction;
        }
    }
    return (size_t)(*at - start);
}

static bool
exponent_read(const char **at, const char *end, struct decimal *d)
{
    struct decimal e = {0};

    if (*at == end || (**at | 32) != 'e')
        return true;
    (*at)++;
    bool is_negative = *at < end && **at == '-';
    *at += is_negative || (*at < end && **at == '+');
    if (digits_read(at, end, &e, false) == 0)
        return false;
    int size = e.mantissa > EXPONENT_MAX || e.exponent ? EXPONENT_MAX : (int)e.mantissa;
    d->exponent += is_negative ? -size : size;
    return true;
}

static bool
decimal_read(struct nj_slice text, struct decimal *d)
{
    const char *at = text.ptr, *end = text.ptr + text.len;

    *d = (struct decimal){0};
    if (text.len == 0 || text.len > EXPONENT_MAX)
        return false;
    d->is_negative = *at == '-';
    at += d->is_negative;
    if (digits_read(&at, end, d, false) == 0)
        return false;
    if (at < end && *at == '.') {
        at++;
        if (digits_read(&at, end, d, true) == 0)
            return false;
    }
    return exponent_read(&at, end, d) && at == end;
}

bool
nj_decimal_parse(struct nj_slice text, int scale, int64_t *out)
{
    struct decimal d;
    uint64_t last = 0; /* the digit that was cut last: decides the rounding */

    if (!decimal_read(text, &d))
        return false;
    d.exponent += scale;
    for (; d.exponent > 0 && d.mantissa > 0; d.exponent--)
        if (__builtin_mul_overflow(d.mantissa, 10, &d.mantissa))
            return false;
    for (; d.exponent < 0 && (d.mantissa > 0 || last > 0); d.exponent++) {
        last = d.mantissa % 10;
        d.mantissa /= 10;
    }
    d.mantissa += last >= 5;
    if (d.mantissa > INT64_MAX)
        return false;
    *out = d.is_negative ? -(int64_t)d.mantissa : (int64_t)d.mantissa;
    return true;
}
