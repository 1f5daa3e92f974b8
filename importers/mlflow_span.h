/* mlflow_span.h - one span of MLflow in JSON, of any version (floor 3): version 2 has a context
 * and nanoseconds, version 3 base64 ids, version 4 hexadecimal ones. */
#ifndef NJ_IMPORTERS_MLFLOW_SPAN_H
#define NJ_IMPORTERS_MLFLOW_SPAN_H

#include "importers/json_span.h"

/* Attribute values are JSON inside text; they become what they say. */
extern const struct nj_span_format nj_mlflow_format;

/* "tr-" and 32 hexadecimal digits, as MLflow names a trace, without the "tr-". */
struct nj_slice nj_mlflow_trace_id(struct nj_slice text);

#endif
