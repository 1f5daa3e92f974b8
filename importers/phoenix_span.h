/* phoenix_span.h - what Phoenix's SQLite file and its JSON share (floor 3). */
#ifndef NJ_IMPORTERS_PHOENIX_SPAN_H
#define NJ_IMPORTERS_PHOENIX_SPAN_H

/* Attributes that were JSON text before Phoenix parsed them; for nj_json_flatten. */
extern const char *const nj_phoenix_whole[];

#endif
