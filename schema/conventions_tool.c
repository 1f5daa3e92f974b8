/* conventions_tool.c - which tool a span serves. */
#include "schema/conventions_engine.h"

void
nj_conventions_tool(struct nj_conventions *c, struct nj_row *row, struct nj_slice name)
{
    bool is_tool = row->kind == NJ_KIND_TOOL || row->kind == NJ_KIND_HANDOFF;
    struct nj_slice tool = nj_found_text(&c->span, NJ_CONCEPT_TOOL);

    if (!tool.len && is_tool)
        tool = nj_found_text(&c->span, NJ_CONCEPT_TOOL_ENTITY);
    if (!tool.len && is_tool)
        tool = nj_name_strip(name);
    row->tool = nj_conventions_intern(c, tool);
}
