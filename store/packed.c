/* packed.c - rows of skeletons as bytes. */
#include "store/packed.h"

enum { HAS_PARENT = 1, HAS_TOKENS = 2 };

void
nj_packed_write(struct nj_buf *buf, const struct nj_cells *cells)
{
    uint64_t duration_ns = (uint64_t)cells->end_ns - (uint64_t)cells->start_ns;
    char head = cells->has_parent ? HAS_PARENT : 0;

    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        head |= cells->tokens[i] >= 0 ? HAS_TOKENS : 0;
    nj_buf_put_char(buf, head);
    nj_buf_put(buf, &cells->class, sizeof cells->class);
    nj_buf_put(buf, &duration_ns, sizeof duration_ns);
    if (head & HAS_PARENT)
        nj_buf_put(buf, &cells->parent_id, sizeof cells->parent_id);
    if (head & HAS_TOKENS)
        nj_buf_put(buf, cells->tokens, sizeof cells->tokens);
}

static bool
take(struct nj_slice *bytes, void *out, size_t len)
{
    if (bytes->len < len)
        return false;
    memcpy(out, bytes->ptr, len);
    *bytes = nj_slice_from(*bytes, len);
    return true;
}

bool
nj_packed_read(struct nj_slice bytes, struct nj_cells *cells, struct nj_slice *facts)
{
    uint64_t duration_ns;
    char head;

    if (!take(&bytes, &head, sizeof head) ||
        !take(&bytes, &cells->class, sizeof cells->class) ||
        !take(&bytes, &duration_ns, sizeof duration_ns))
        return false;
    cells->end_ns = (int64_t)((uint64_t)cells->start_ns + duration_ns);
    cells->has_parent = head & HAS_PARENT;
    cells->parent_id = 0;
    for (int i = 0; i < NJ_TOKENS_LEN; i++)
        cells->tokens[i] = -1;
    *facts = bytes;
    bool is_whole =
        (!cells->has_parent || take(facts, &cells->parent_id, sizeof cells->parent_id)) &&
        (!(head & HAS_TOKENS) || take(facts, cells->tokens, sizeof cells->tokens));
    cells->facts_len = (uint32_t)facts->len;
    return is_whole;
}
