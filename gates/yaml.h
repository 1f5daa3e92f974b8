/* yaml.h - a small strict YAML document as a tree that knows its lines (floor 4).
 *
 * Only what a policy needs: maps, lists and plain or quoted scalars. Aliases, anchors, tags,
 * duplicate keys, further documents and deep nesting are errors with line and column. */
#ifndef NJ_GATES_YAML_H
#define NJ_GATES_YAML_H

#include "base/arena.h"
#include "base/status.h"

enum nj_yaml_type { NJ_YAML_SCALAR, NJ_YAML_LIST, NJ_YAML_MAP };
enum { NJ_YAML_DEPTH_MAX = 16, NJ_YAML_BYTES_MAX = 1 << 20 };

struct nj_yaml {
    enum nj_yaml_type type;
    unsigned line, column;  /* from 1 */
    struct nj_slice scalar; /* NUL-terminated */
    bool is_quoted;
    struct nj_slice key; /* of an entry of a map */
    unsigned key_line, key_column;
    struct nj_yaml *first; /* entries of a list or map */
    struct nj_yaml *next;  /* the entry after this one */
};

/* Reads `text`; nodes live in `arena`. An empty text gives an empty map. NJ_EUSAGE: not such a
 * document; the message begins with "path:line:column: ". */
enum nj_status nj_yaml_read(struct nj_yaml **out, struct nj_slice text, const char *path,
                            struct nj_arena *arena, struct nj_error *err) NJ_CHECKED;

/* A failure at a node's place. */
enum nj_status nj_yaml_fail(const struct nj_yaml *node, const char *path, struct nj_error *err,
                            const char *fmt, ...) NJ_PRINTF(4, 5);
/* The same at the place of its key. */
enum nj_status nj_yaml_fail_key(const struct nj_yaml *node, const char *path,
                                struct nj_error *err, const char *fmt, ...) NJ_PRINTF(4, 5);

#endif
