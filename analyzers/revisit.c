/* revisit.c - reads a trace once more, after all have been seen. */
#include "analyzers/revisit.h"

#include <stdlib.h>

enum nj_status
nj_trace_revisit(struct nj_run *run, const struct nj_kept_trace *kept,
                 enum nj_status (*look)(struct nj_run *run, const struct nj_trace *trace,
                                        const struct nj_critical_path *path,
                                        const void *context),
                 const void *context)
{
    struct nj_source *source;
    struct nj_raw_trace raw;
    struct nj_trace trace;
    struct nj_critical_path path;
    struct nj_diags *diags = nj_diags_new();
    enum nj_status st = diags ? run->corpus->open(run->corpus, kept->number, kept->number + 1,
                                                  &source, run->err)
                              : nj_fail(run->err, NJ_ENOMEM, "no memory to read a trace again");

    if (st < 0) {
        free(diags);
        return st;
    }
    nj_arena_reset(run->scratch);
    st = source->next(source, &raw, run->err);
    if (st == NJ_OK)
        st = nj_tree_build(&trace, &raw, run->corpus, &run->options->tree, run->scratch, diags,
                           run->err);
    if (st >= 0)
        st = nj_critical_path_walk(&path, &trace, NJ_SCOPE_ROOT, run->options, run->scratch,
                                   run->err);
    if (st >= 0) {
        trace.weight.value = kept->weight;
        st = look(run, &trace, &path, context);
    }
    source->close(source);
    free(diags);
    return st;
}
