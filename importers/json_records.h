/* json_records.h - records out of JSON of any size: one a line, in a list, or in lists inside
 * documents (floor 3).
 *
 * An object is a record, which is held in memory whole, one at a time, or a container, through
 * which the reader walks in constant memory. What a format's containers look like is a table.
 * Damage costs what it touches: reading goes on at the next thing that begins like the first
 * record or container of the input did. */
#ifndef NJ_IMPORTERS_JSON_RECORDS_H
#define NJ_IMPORTERS_JSON_RECORDS_H

#include "base/json.h"
#include "importers/draft.h"
#include "importers/hold.h"
#include "importers/importer.h"

/* Lists of names end with NULL. */
struct nj_json_shape {
    const char *const *lists;      /* members whose elements are records */
    const char *const *containers; /* members that are, or hold, containers */
    const char *const *marks;      /* an object with such a member is a record */
};

struct nj_json_records {
    /* Set by the caller. */
    const struct nj_json_shape *shape;
    struct nj_input *input;
    struct nj_sink *sink;
    void *context;
    /* Reads one record to its end. Only what fails for good is returned: damage of the JSON is
     * seen in `json`, the rest is counted by nj_json_records_damage. */
    enum nj_status (*record)(void *context, struct nj_json *json, struct nj_error *err);
    /* NULL, or reads a member of the container called `container` (NULL at the top, or in a
     * list at the top) that holds no records. */
    enum nj_status (*member)(void *context, const char *container, struct nj_slice key,
                             struct nj_json *json, struct nj_error *err);
    /* NULL, or called where a container begins and ends, also when damage ends it. */
    enum nj_status (*begin)(void *context, const char *container, struct nj_error *err);
    enum nj_status (*end)(void *context, const char *container, struct nj_error *err);

    /* NULL, or whether a record inside a container waits: `record` is then called when the
     * container ends, all members of it have been read, and `end` was not yet called. A
     * container that is a member of another does not count as one here. */
    bool (*waits)(void *context);

    struct nj_json_walk walk;
    struct nj_hold hold;
    struct nj_arena *arena; /* of the record or member that is being read */
    uint64_t offset;        /* where it begins in the input … */
    const char *text;       /* … and in memory */
    uint64_t spans_len;     /* counted by the caller; an input without any is no trace */
};

/* Reads the whole input. NJ_EFORMAT when nothing in it was a span. */
enum nj_status nj_json_records_read(struct nj_json_records *records,
                                    struct nj_error *err) NJ_CHECKED;

/* Counts damage at `at` inside the current record. */
void nj_json_records_damage(struct nj_json_records *records, enum nj_diag_id id, const char *at,
                            const char *expected);

/* Whether `key` is one of `names`; false for NULL. The name, or NULL. */
const char *nj_json_name_find(const char *const *names, struct nj_slice key);

#endif
