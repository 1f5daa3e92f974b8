/* analyzer.h - the contract of an analyzer: whole traces in, tables of results out (floor 3).
 *
 * State is exact and free of order: integers, and kept values that are sorted in finish.
 * Merging is commutative, so any number of threads or machines, in any order, gives the same
 * bytes. Names are compared and sorted by text, never by id: ids depend on the order of input.
 */
#ifndef NJ_ANALYZERS_ANALYZER_H
#define NJ_ANALYZERS_ANALYZER_H

#include "analyzers/options.h"
#include "base/arena.h"
#include "base/jsonw.h"
#include "schema/results.h"
#include "schema/trace.h"

/* What the driver lends. `keep` lives as long as the state, `scratch` is emptied before every
 * trace: never store a scratch pointer in the state. One run a thread. */
struct nj_run {
    const struct nj_options *options;
    const struct nj_corpus *corpus;
    struct nj_names *names;   /* shared by all threads */
    struct nj_source *source; /* of the current trace, for corpus->payload; NULL in finish */
    struct nj_arena *keep;
    struct nj_arena *scratch;
    const struct nj_critical_path
        *path; /* of the current trace, scope root; see critical_path.h */
    struct nj_error *err;
    const struct nj_weigher *weigher; /* what weights rest on; see weigh.h */
};

struct nj_analyzer {
    const char *name;    /* as in `nightjar help analyzers` and in the results */
    const char *summary; /* one line */
    size_t state_bytes;  /* zeroed by the driver before begin */
    /* All but trace and finish may be NULL. A non-OK status stops the run. */
    enum nj_status (*begin)(struct nj_run *run, void *state);
    enum nj_status (*trace)(struct nj_run *run, void *state, const struct nj_trace *trace);
    /* Adds `from` to `into`, which may take things out of it; what is left of `from` is
     * released by the caller afterwards. `run` is into's. */
    enum nj_status (*merge)(struct nj_run *run, void *into, void *from);
    enum nj_status (*finish)(struct nj_run *run, void *state, struct nj_results *results);
    /* Frees what the state owns outside run->keep. */
    void (*fini)(void *state);
    /* Partial state to bytes and back, for parts analysed on several machines. */
    enum nj_status (*save)(struct nj_run *run, const void *state, struct nj_buf *out);
    enum nj_status (*load)(struct nj_run *run, void *state, struct nj_slice bytes);
    /* The analyzer's view of one trace as one JSON object (--per-trace). */
    enum nj_status (*print_trace)(struct nj_run *run, const struct nj_trace *trace,
                                  struct nj_jsonw *out);
};

extern const struct nj_analyzer *const nj_analyzers[];
extern const size_t nj_analyzers_len;
const struct nj_analyzer *nj_analyzer_find(struct nj_slice name);

#endif
