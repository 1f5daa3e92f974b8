/* tree.c - from the stored spans of one trace to a linked, repaired nj_trace. */
#include "trees/tree.h"
