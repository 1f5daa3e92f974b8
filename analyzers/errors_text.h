/* errors_text.h - what the words of an error say: types, classes, and whether two errors are
 * the same (floor 3). Texts are capped before they come here, so each call is constant time. */
#ifndef NJ_ANALYZERS_ERRORS_TEXT_H
#define NJ_ANALYZERS_ERRORS_TEXT_H

#include "analyzers/errors_graph.h"

/* "langgraph.errors.GraphInterrupt" -> "GraphInterrupt". */
struct nj_slice nj_error_type_base(struct nj_slice type);
/* The type at the beginning of "ValueError: no such row"; empty where there is none. *rest is
 * what follows it, else all of `message`. */
struct nj_slice nj_error_type_parse(struct nj_slice message, struct nj_slice *rest);

/* Exceptions by which frameworks steer, not fail; by base type. */
bool nj_error_type_is_control_flow(struct nj_slice base);
/* The status message of a span without exceptions names such a type. */
bool nj_error_text_is_control_flow(struct nj_slice message);
bool nj_error_is_cancellation(struct nj_slice base, struct nj_slice message);
/* Nothing, or no more than that something failed. */
bool nj_error_text_is_empty(struct nj_slice message);
/* Neither a type that says nothing nor one that wraps another error. */
bool nj_error_type_is_specific(struct nj_slice base);

enum nj_error_class nj_error_class_of(const struct nj_error_node *node);

/* How well `child` explains `parent`: 3 the same words, 2 the same but for the parts that vary
 * from error to error, 1 the same type or HTTP status, 0 not.
 * Where the child has nothing specific to say, its causes are asked, up to four hops. */
int nj_error_match(const struct nj_errors *errors, uint32_t parent, uint32_t child);
/* The same for the two nodes alone. */
int nj_error_match_alone(const struct nj_error_node *parent, const struct nj_error_node *child);
/* Whether the very words of `source` stand in `target`, and are telling enough (a number or a
 * quotation in them) to be no coincidence. */
bool nj_error_quotes(const struct nj_error_node *target, const struct nj_error_node *source);

#endif
