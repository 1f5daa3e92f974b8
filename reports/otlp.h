/* otlp.h - spans as OTLP JSON, with everything that their importer read (floor 5). */
#ifndef NJ_REPORTS_OTLP_H
#define NJ_REPORTS_OTLP_H

#include "base/jsonw.h"
#include "schema/span.h"

/* Opens `{"resourceSpans":[`; each span opens and closes resources and scopes as needed: spans
 * of one scope after the other make the smallest text. */
struct nj_otlp {
    struct nj_jsonw *w;
    bool has_scope;
    uint32_t scope; /* of the span before */
};
void nj_otlp_begin(struct nj_otlp *otlp, struct nj_jsonw *w);
/* `scope` is the content of span->scope. */
void nj_otlp_span(struct nj_otlp *otlp, const struct nj_span *span,
                  const struct nj_scope *scope);
void nj_otlp_end(struct nj_otlp *otlp);

#endif
