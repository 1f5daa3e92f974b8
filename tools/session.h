/* session.h - from the inputs of a command line to traces that can be analysed (floor 6). */
#ifndef NJ_TOOLS_SESSION_H
#define NJ_TOOLS_SESSION_H

#include "analyzers/analyze.h"
#include "schema/results.h"
#include "store/store.h"
#include "tools/settings.h"

/* One store: the one that was given, or a temporary one with everything that was given. */
struct nj_session {
    const struct nj_settings *settings;
    struct nj_store *store;
    const struct nj_corpus *corpus;
    struct nj_diags *diags; /* of the import, later also of trees */
    struct nj_arena *arena;
    int64_t started_ns; /* monotonic */
};

/* Opens a store that is the only input, else imports all inputs into a temporary store.
 * NJ_EFORMAT: an input is not a trace, or there is no trace in any of them; NJ_ESTORE: the
 * import of the store was interrupted and --partial was not given. */
enum nj_status nj_session_open(struct nj_session *session, const struct nj_settings *settings,
                               const char *const *inputs, size_t inputs_len,
                               struct nj_error *err) NJ_CHECKED;
void nj_session_close(struct nj_session *session);

/* Runs these analyzers (NULL-terminated; NULL: all) into new results, with the tables of
 * inputs, diagnostics and provenance filled in. `command` is what the user ran. Release *out
 * with nj_results_free. With --strict, losses are NJ_EFORMAT. */
enum nj_status nj_session_analyze(struct nj_session *session, const char *command,
                                  const struct nj_analyzer *const *analyzers,
                                  struct nj_results **out, struct nj_error *err) NJ_CHECKED;

/* Imports into a store that stays: what `nightjar import` does. `report` says what happened, on
 * standard error unless --quiet. */
enum nj_status nj_session_import(const struct nj_settings *settings, const char *store_path,
                                 struct nj_error *err) NJ_CHECKED;

#endif
