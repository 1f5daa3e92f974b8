/* names.h - interned names: the same text is the same uint32_t (floor 0). */
#ifndef NJ_BASE_NAMES_H
#define NJ_BASE_NAMES_H

#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

/* "No name"; as a text it is empty. Name 0 is always the empty text. */
enum { NJ_NO_NAME = 0 };

/* Ids are dense, in the order of first appearance, and never change. Any number of threads may
 * call intern, find and get at once. Ids are no order: sort by text whatever is printed. */
struct nj_names;

struct nj_names *nj_names_new(void); /* NULL: no memory */
void nj_names_free(struct nj_names *names);

/* The id of `text`, new if need be. UINT32_MAX when memory is exhausted. Copies the text. */
uint32_t nj_names_intern(struct nj_names *names, struct nj_slice text);

/* Borrowed until nj_names_free; NUL-terminated. `id` must have come from intern. */
struct nj_slice nj_names_get(const struct nj_names *names, uint32_t id);

uint32_t nj_names_len(const struct nj_names *names);

#endif
