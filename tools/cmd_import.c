/* cmd_import.c - nightjar import: any format into a trace store. */
#include "tools/command.h"
#include "tools/session.h"

static enum nj_status
import_run(const struct nj_settings *settings, int *exit_code, struct nj_error *err)
{
    (void)exit_code;
    if (!settings->store)
        return nj_fail(err, NJ_EUSAGE, "import needs the store to write: -d STORE");
    return nj_session_import(settings, settings->store, err);
}

const struct nj_command nj_cmd_import = {
    .name = "import",
    .arguments = "INPUT… -d STORE",
    .summary = "any format into a trace store",
    .details =
        "Appends the spans of all inputs to a store (a SQLite file, made if it is not there). "
        "Importing the same bytes twice changes nothing. An import that was interrupted, even "
        "killed, leaves a store that opens; the same command completes it. The store's tables "
        "and views can be queried with the sqlite3 shell.",
    .examples = "nightjar import traces/ -d traces.db\n"
                "zcat old.jsonl.gz | nightjar import - -d traces.db",
    .groups = NJ_GROUP_STORE | NJ_GROUP_READ,
    .words_min = 1,
    .run = import_run,
};
