/* kinds.h - kinds of spans, and how an agent's name was found (floor 1). */
#ifndef NJ_SCHEMA_KINDS_H
#define NJ_SCHEMA_KINDS_H

#include "base/slice.h"

enum nj_kind {
#define NJ_KIND(symbol, name, label) NJ_KIND_##symbol,
#include "schema/kinds.def"
#undef NJ_KIND
    NJ_KINDS_LEN
};

/* "llm", as in every output; never NULL. */
const char *nj_kind_name(enum nj_kind kind);
/* "model call", for people. */
const char *nj_kind_label(enum nj_kind kind);
/* The kind of this name, or NJ_KINDS_LEN. */
enum nj_kind nj_kind_find(struct nj_slice name);

#endif
