/* sqlite_input.c - inputs that are SQLite files of other tools. */
#include "importers/sqlite_input.h"

#include "base/search.h"

#include <stdio.h>

enum { TABLE_BYTES = 64, SURE = 90 };

enum nj_status
nj_sqlite_input_open(struct nj_sqlite **out, struct nj_input *input, struct nj_error *err)
{
    if (strcmp(input->path, "-") == 0 || nj_stream_is_compressed(input->stream))
        return nj_sqlite_open_stream(out, input->stream, input->path, err);
    return nj_sqlite_open(out, input->path, err);
}

/* Where damage of an input is counted. */
struct damage {
    const char *path;
    struct nj_diags *diags;
};

static void
damage_count(void *context, const char *place)
{
    const struct damage *damage = context;
    nj_diag_at(damage->diags, NJ_DIAG_TABLE_DAMAGED, "%s: %s", damage->path, place);
}

enum nj_status
nj_sqlite_input_rescue(struct nj_sqlite **out, struct nj_input *input, struct nj_diags *diags,
                       struct nj_error *err)
{
    struct damage damage = {input->path, diags};
    const struct nj_sqlite_damage tell = {damage_count, &damage};
    enum nj_status st = nj_sqlite_input_open(out, input, err);

    if (st < 0)
        return st;
    st = nj_sqlite_repair(*out, &tell, err);
    if (st < 0) {
        nj_sqlite_close(*out);
        *out = NULL;
    }
    return st;
}

/* The next name of a list separated by blanks; false at its end. */
static bool
table_next(const char **list, char out[TABLE_BYTES])
{
    *list += strspn(*list, " ");
    size_t len = strcspn(*list, " ");
    (void)snprintf(out, TABLE_BYTES, "%.*s", (int)len, *list);
    *list += len;
    return len > 0;
}

int
nj_sqlite_tables_sniff(struct nj_slice head, const char *tables)
{
    char table[TABLE_BYTES];

    if (!nj_sqlite_sniff(head))
        return 0;
    while (table_next(&tables, table))
        if (nj_slice_find(head, nj_slice_of(table)) == NJ_NOT_FOUND)
            return 0;
    return SURE;
}

static bool
has_tables(struct nj_sqlite *db, const char *tables)
{
    char table[TABLE_BYTES];

    while (table_next(&tables, table))
        if (!nj_sqlite_has_table(db, table))
            return false;
    return true;
}

enum nj_status
nj_sqlite_importer_find(const struct nj_importer **out, const char *path, struct nj_error *err)
{
    struct nj_sqlite *db;
    enum nj_status st = nj_sqlite_open(&db, path, err);

    *out = NULL;
    if (st < 0)
        return st;
    for (size_t i = 0; i < nj_importers_len && !*out; i++)
        if (nj_importers[i]->sqlite_tables && has_tables(db, nj_importers[i]->sqlite_tables))
            *out = nj_importers[i];
    nj_sqlite_close(db);
    return NJ_OK;
}
