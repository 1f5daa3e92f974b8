/* diag.c - diagnostics: counters with the first places. */
#include "schema/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct nj_diag_spec nj_diag_specs[NJ_DIAGS_LEN] = {
#define NJ_DIAG(symbol, id, severity, help) {id, NJ_SEVERITY_##severity, help},
#include "schema/diagnostics.def"
#undef NJ_DIAG
};

const char *
nj_severity_name(enum nj_severity severity)
{
    static const char *const names[] = {"info", "warning", "loss"};
    return names[severity];
}

struct nj_diags *
nj_diags_new(void)
{
    return calloc(1, sizeof(struct nj_diags));
}

static void
place_keep(struct nj_diag_count *c, const char *place)
{
    uint32_t at = c->places_len;

    while (at > 0 && strcmp(place, c->places[at - 1]) < 0)
        at--;
    if (at == NJ_DIAG_PLACES_MAX || (at > 0 && strcmp(place, c->places[at - 1]) == 0))
        return;
    if (c->places_len < NJ_DIAG_PLACES_MAX)
        c->places_len++;
    memmove(c->places[at + 1], c->places[at], (c->places_len - 1 - at) * sizeof c->places[0]);
    (void)snprintf(c->places[at], NJ_DIAG_PLACE_BYTES, "%s", place);
}

void
nj_diag_at(struct nj_diags *diags, enum nj_diag_id id, const char *place, ...)
{
    char text[NJ_DIAG_PLACE_BYTES];
    va_list args;

    va_start(args, place);
    (void)vsnprintf(text, sizeof text, place, args);
    va_end(args);
    diags->counts[id].count++;
    place_keep(&diags->counts[id], text);
}

void
nj_diag_keep(struct nj_diags *diags, enum nj_diag_id id, const char *place)
{
    place_keep(&diags->counts[id], place);
}

void
nj_diag_add(struct nj_diags *diags, enum nj_diag_id id, uint64_t n)
{
    diags->counts[id].count += n;
}

void
nj_diags_merge(struct nj_diags *into, const struct nj_diags *from)
{
    for (size_t i = 0; i < NJ_DIAGS_LEN; i++) {
        into->counts[i].count += from->counts[i].count;
        for (uint32_t k = 0; k < from->counts[i].places_len; k++)
            place_keep(&into->counts[i], from->counts[i].places[k]);
    }
}

uint64_t
nj_diags_lost(const struct nj_diags *diags)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < NJ_DIAGS_LEN; i++)
        if (nj_diag_specs[i].severity == NJ_SEVERITY_LOSS)
            lost += diags->counts[i].count;
    return lost;
}

enum nj_diag_id
nj_diag_find(struct nj_slice id)
{
    for (int i = 0; i < NJ_DIAGS_LEN; i++)
        if (nj_slice_eq(id, nj_slice_of(nj_diag_specs[i].id)))
            return (enum nj_diag_id)i;
    return NJ_DIAGS_LEN;
}
