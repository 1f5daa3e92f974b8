/* mastra_traces.h - the table in which Mastra's telemetry kept OpenTelemetry spans (floor 3). */
#ifndef NJ_IMPORTERS_MASTRA_TRACES_H
#define NJ_IMPORTERS_MASTRA_TRACES_H

#include "importers/importer.h"
#include "store/sqlite_reader.h"

/* Reads the table mastra_traces of an open database; `path` is for messages. */
enum nj_status nj_mastra_traces_read(struct nj_sqlite *db, const char *path,
                                     struct nj_sink *sink, struct nj_error *err) NJ_CHECKED;

#endif
