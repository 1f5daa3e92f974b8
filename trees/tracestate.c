/* tracestate.c - reads thresholds and randomness out of a W3C tracestate. */
#include "trees/tracestate.h"

enum { DIGITS_MAX = 14, OT_BYTES_MAX = 256, R_MAX = 62 };

/* The next part of *rest up to `separator`, without blanks around it; *rest moves past it. */
static bool
part_next(struct nj_slice *rest, char separator, struct nj_slice *out)
{
    size_t len = 0;

    if (!rest->ptr)
        return false;
    while (len < rest->len && rest->ptr[len] != separator)
        len++;
    *out = (struct nj_slice){rest->ptr, len};
    *rest = len < rest->len ? nj_slice_from(*rest, len + 1) : (struct nj_slice){0};
    while (out->len && (out->ptr[0] == ' ' || out->ptr[0] == '\t'))
        *out = nj_slice_from(*out, 1);
    while (out->len && (out->ptr[out->len - 1] == ' ' || out->ptr[out->len - 1] == '\t'))
        out->len--;
    return true;
}

static bool
hex_read(struct nj_slice digits, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

bool
nj_threshold_read(struct nj_slice digits, uint64_t *out)
{
    if (digits.len < 1 || digits.len > DIGITS_MAX || !hex_read(digits, out))
        return false;
    *out <<= 4 * (DIGITS_MAX - digits.len);
    return true;
}

bool
nj_randomness_read(struct nj_slice digits, uint64_t *out)
{
    return digits.len == DIGITS_MAX && hex_read(digits, out);
}

static bool
decimal_read(struct nj_slice digits, uint8_t max, uint8_t *out)
{
    unsigned value = 0;

    if (digits.len < 1 || digits.len > 2)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = value * 10 + (unsigned)(digits.ptr[i] - '0');
    }
    *out = (uint8_t)value;
    return value <= max;
}

/* One key and value of the member `ot`; false: the key is known and was there before. */
static bool
subkey_read(struct nj_tracestate *state, struct nj_slice key, struct nj_slice value,
            unsigned *seen)
{
    static const struct nj_slice keys[] = {{"th", 2}, {"rv", 2}, {"p", 1}, {"r", 1}};
    size_t which = 0;

    while (which < 4 && !nj_slice_eq(key, keys[which]))
        which++;
    if (which == 4)
        return true;
    if (*seen & 1u << which)
        return false;
    *seen |= 1u << which;
    switch (which) {
    case 0:
        state->has_threshold = nj_threshold_read(value, &state->threshold);
        state->is_invalid |= !state->has_threshold;
        break;
    case 1:
        state->has_randomness = nj_randomness_read(value, &state->randomness);
        state->is_rv_invalid = !state->has_randomness;
        break;
    case 2:
        state->has_p = decimal_read(value, NJ_P_ZERO, &state->p);
        state->is_invalid |= !state->has_p;
        break;
    default:
        state->has_r = decimal_read(value, R_MAX, &state->r);
        break;
    }
    return true;
}

static void
ot_read(struct nj_tracestate *state, struct nj_slice value)
{
    struct nj_slice part;
    unsigned seen = 0;

    state->is_invalid = value.len > OT_BYTES_MAX;
    while (!state->is_invalid && part_next(&value, ';', &part)) {
        const char *colon = part.len ? memchr(part.ptr, ':', part.len) : NULL;
        size_t key_len = colon ? (size_t)(colon - part.ptr) : part.len;
        struct nj_slice key = {part.ptr, key_len};
        if (colon && !subkey_read(state, key, nj_slice_from(part, key_len + 1), &seen))
            state->is_invalid = true;
    }
    if (state->is_invalid)
        state->has_threshold = state->has_p = false;
}

struct nj_tracestate
nj_tracestate_read(struct nj_slice text)
{
    struct nj_tracestate state = {0};
    struct nj_slice member, plain = {0};

    while (part_next(&text, ',', &member)) {
        if (nj_slice_starts(member, NJ_SLICE("ot="))) {
            ot_read(&state, nj_slice_from(member, 3));
            break;
        }
        if (nj_slice_starts(member, NJ_SLICE("th=")))
            plain = nj_slice_from(member, 3);
    }
    if (plain.len && !state.has_threshold && !state.has_p && !state.is_invalid)
        state.is_plain = state.has_threshold = nj_threshold_read(plain, &state.threshold);
    return state;
}

uint64_t
nj_randomness_of_id(const struct nj_trace_id *id)
{
    uint64_t value = 0;

    for (size_t i = NJ_TRACE_ID_BYTES - 7; i < NJ_TRACE_ID_BYTES; i++)
        value = value << 8 | id->bytes[i];
    return value;
}

double
nj_threshold_weight(uint64_t threshold)
{
    return (double)NJ_THRESHOLD_END / (double)(NJ_THRESHOLD_END - threshold);
}
