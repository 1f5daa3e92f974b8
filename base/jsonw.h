/* jsonw.h - writing JSON into a buffer (floor 0).
 *
 * Commas and colons are put where they belong; strings are escaped and bytes that are not UTF-8
 * become U+FFFD. Numbers are written with the shortest form that reads back the same. */
#ifndef NJ_BASE_JSONW_H
#define NJ_BASE_JSONW_H

#include "base/buf.h"

struct nj_jsonw {
    struct nj_buf *buf;
    bool needs_comma;
};

static inline struct nj_jsonw
nj_jsonw_of(struct nj_buf *buf)
{
    return (struct nj_jsonw){buf, false};
}

void nj_jsonw_object(struct nj_jsonw *w);
void nj_jsonw_object_end(struct nj_jsonw *w);
void nj_jsonw_array(struct nj_jsonw *w);
void nj_jsonw_array_end(struct nj_jsonw *w);
void nj_jsonw_key(struct nj_jsonw *w, const char *key);
void nj_jsonw_key_slice(struct nj_jsonw *w, struct nj_slice key);
void nj_jsonw_text(struct nj_jsonw *w, struct nj_slice text);
void nj_jsonw_int(struct nj_jsonw *w, int64_t value);
void nj_jsonw_uint(struct nj_jsonw *w, uint64_t value);
void nj_jsonw_real(struct nj_jsonw *w, double value); /* not finite: null */
void nj_jsonw_bool(struct nj_jsonw *w, bool value);
void nj_jsonw_null(struct nj_jsonw *w);
/* JSON that is already written. */
void nj_jsonw_raw(struct nj_jsonw *w, struct nj_slice json);

/* Key and value in one. */
void nj_jsonw_key_text(struct nj_jsonw *w, const char *key, struct nj_slice text);
void nj_jsonw_key_int(struct nj_jsonw *w, const char *key, int64_t value);
void nj_jsonw_key_real(struct nj_jsonw *w, const char *key, double value);
void nj_jsonw_key_bool(struct nj_jsonw *w, const char *key, bool value);
void nj_jsonw_key_null(struct nj_jsonw *w, const char *key);

/* The shortest decimal text that strtod reads back as `value`: "0.1", "1e+300", "8". Writes at
 * most 32 bytes and NUL; returns the length. Finite values only. */
size_t nj_real_print(char out[33], double value);

#endif
