/* otel_tags.h - tags by which formats with less room say what a span of OpenTelemetry says
 * elsewhere (floor 3). Names: OpenTelemetry specification, "Mapping to non-OTLP formats". */
#ifndef NJ_IMPORTERS_OTEL_TAGS_H
#define NJ_IMPORTERS_OTEL_TAGS_H

#include "importers/json_span.h"

/* Kind, status, scope or trace state into the span; true where the span now says what the tag
 * said, so that the tag need not be kept. */
bool nj_otel_tag_take(struct nj_span_reader *reader, struct nj_slice key,
                      const struct nj_value *value);

#endif
