/* dump.c - everything that a trace says, as text, for tests that compare traces. */
#include "base/buf.h"
#include "tests/build.h"
#include "tests/test.h"

#include <inttypes.h>

static void
names_print(struct nj_buf *buf, const struct nj_trace *t, uint32_t i)
{
    const uint32_t names[] = {t->name[i],    t->operation[i], t->agent[i],
                              t->service[i], t->host[i],      t->model[i],
                              t->tool[i],    t->provider[i],  t->scope_name[i]};

    for (size_t k = 0; k < NJ_LEN(names); k++)
        nj_buf_printf(buf, " '%.*s'", NJ_FMT(nj_names_get(t->corpus->names, names[k])));
}

static void
span_print(struct nj_buf *buf, const struct nj_trace *t, uint32_t i)
{
    nj_buf_printf(buf,
                  "%u %016" PRIx64 " <%d depth %u [%" PRId64 ",%" PRId64 "] raw [%" PRId64
                  ",%" PRId64 "] flags %x scope %u",
                  i, t->span_id[i], (int)t->parent[i], t->depth[i], t->start_ns[i],
                  t->end_ns[i], t->raw_start_ns[i], t->raw_end_ns[i], t->flags[i], t->scope[i]);
    nj_buf_printf(buf, " kind %d how %d status %d otel %d tokens", t->kind[i], t->how[i],
                  t->status[i], t->otel_kind[i]);
    for (size_t k = 0; k < NJ_TOKENS_LEN; k++)
        nj_buf_printf(buf, " %" PRId64, t->tokens[i][k]);
    names_print(buf, t, i);
    nj_buf_put_text(buf, " children");
    for (uint32_t k = t->child_at[i]; k < t->child_at[i + 1]; k++)
        nj_buf_printf(buf, " %u", t->children[k]);
    nj_buf_put_char(buf, '\n');
}

char *
test_dump(const struct nj_trace *t)
{
    struct nj_buf buf = {0};

    nj_buf_printf(&buf, "root %d roots %u complete %d grain %u\n", (int)t->root, t->roots_len,
                  t->is_complete, t->granularity_ns);
    for (uint32_t i = 0; i < t->spans_len; i++)
        span_print(&buf, t, i);
    for (uint32_t i = 0; i < t->links_len; i++)
        nj_buf_printf(&buf, "link %u %d %016" PRIx64 " %d\n", t->links[i].from,
                      (int)t->links[i].target, t->links[i].span_id,
                      t->links[i].is_follows_from);
    for (size_t i = 0; i < NJ_DIAGS_LEN; i++) {
        const struct nj_diag_count *count = &t->diags->counts[i];
        if (count->count)
            nj_buf_printf(&buf, "%s %" PRIu64, nj_diag_specs[i].id, count->count);
        for (uint32_t k = 0; k < count->places_len; k++)
            nj_buf_printf(&buf, " | %s", count->places[k]);
        if (count->count)
            nj_buf_put_char(&buf, '\n');
    }
    nj_buf_put_char(&buf, '\0');
    assert_false(buf.is_failed);
    return buf.ptr;
}
