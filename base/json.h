/* json.h - reading JSON: a cursor over a document in memory, and a walker that takes whole
 * values out of a stream of any size (floor 0).
 *
 * Both are strict (RFC 8259: numbers, escapes, control characters, UTF-8) and pull: the caller
 * asks for what it expects. Nothing recurses; depth is limited to NJ_JSON_DEPTH_MAX. After the
 * first error every call returns false, `error` says what was expected and `at` is the place.
 */
#ifndef NJ_BASE_JSON_H
#define NJ_BASE_JSON_H

#include "base/arena.h"
#include "base/stream.h"

#include <stdint.h>

enum { NJ_JSON_DEPTH_MAX = 512 };

enum nj_json_type {
    NJ_JSON_INVALID, /* error, or the end of the input */
    NJ_JSON_NULL,
    NJ_JSON_BOOL,
    NJ_JSON_NUMBER,
    NJ_JSON_STRING,
    NJ_JSON_ARRAY,
    NJ_JSON_OBJECT,
};

struct nj_json {
    const char *begin, *at, *end;
    struct nj_arena *arena; /* strings with escapes are unescaped into it */
    const char *error;      /* NULL, or what was expected at `at` */
    bool has_bad_utf8;      /* a string held bytes that are not UTF-8 (they were kept) or half a
                               surrogate pair (it became U+FFFD) */
    bool is_opened;         /* just after `{` or `[` */
    unsigned depth;
    const char *limit;     /* bytes before it may be read */
    char *room, *room_end; /* for the next unescaped strings */
};

/* Reads `text`, which must have NJ_STREAM_PAD readable bytes after its end when `is_padded`
 * (stream windows do). Strings without escapes are slices of `text`; those with escapes, keys
 * too, live in `arena`, in one piece of memory no longer than `text`. */
void nj_json_init(struct nj_json *json, struct nj_slice text, bool is_padded,
                  struct nj_arena *arena);

/* Type of the value that comes next; does not move past it. INVALID without an error: the text
 * ends here, outside of all brackets. */
enum nj_json_type nj_json_peek(struct nj_json *json);

/* `{`; then next gives each key and stands before its value, false after `}`. The caller must
 * read or skip the value before it calls next again. */
bool nj_json_object(struct nj_json *json);
bool nj_json_object_next(struct nj_json *json, struct nj_slice *key);
bool nj_json_array(struct nj_json *json);
bool nj_json_array_next(struct nj_json *json);

/* A key that a reader knows. */
struct nj_json_key {
    char text[32]; /* with its quotes */
    unsigned char len;
    int id; /* >= 0 */
};
#define NJ_JSON_KEY(name, id)                                                                  \
    {                                                                                          \
        "\"" name "\"", sizeof(name) + 1, (id)                                                 \
    }
enum { NJ_JSON_END = -1, NJ_JSON_OTHER = -2, NJ_JSON_KEYS_MAX = 32 };
/* Which key came behind which in earlier objects: producers write them in the same order every
 * time, so one comparison finds most. `= {0}` knows nothing yet. One a table of keys. */
struct nj_json_order {
    unsigned char last;                        /* the key just read, from 1; 0: none */
    unsigned char after[NJ_JSON_KEYS_MAX + 1]; /* by `last`; 0: not known */
};
/* The id of a key, or NJ_JSON_OTHER. */
int nj_json_key_find(const struct nj_json_key *keys, size_t keys_len, struct nj_slice key);
/* Like nj_json_object_next, but gives the id of the key: OTHER for a key that is not in `keys`
 * (at most NJ_JSON_KEYS_MAX), END after `}` and after an error. */
int nj_json_member(struct nj_json *json, const struct nj_json_key *keys, size_t keys_len,
                   struct nj_json_order *order);

bool nj_json_string(struct nj_json *json, struct nj_slice *out);
bool nj_json_bool(struct nj_json *json, bool *out);
bool nj_json_null(struct nj_json *json);

struct nj_json_number {
    bool is_integer;  /* written without fraction and exponent, and fits int64 or uint64 */
    bool is_unsigned; /* beyond INT64_MAX: `integer` holds the bits of the uint64 */
    int64_t integer;
    double real;          /* always set */
    struct nj_slice text; /* as written */
};
bool nj_json_number(struct nj_json *json, struct nj_json_number *out);

/* Past the next value, whatever it is (checked as strictly). */
bool nj_json_skip(struct nj_json *json);
/* The text of the next value as it stands, and past it. */
bool nj_json_raw(struct nj_json *json, struct nj_slice *out);
/* Only blanks are left. */
bool nj_json_at_end(struct nj_json *json);

/* A walker over one or more documents in a stream. Keys are read from the stream; `take` holds
 * one whole value in memory. Enter objects and arrays as above. A value that is entered or
 * skipped is checked strictly; one that is taken is only measured (brackets and quotes), and
 * checked by the nj_json that reads it. */
struct nj_json_walk {
    struct nj_stream *stream;
    const char *error;     /* NULL, or what was expected at nj_json_walk_offset() */
    enum nj_status status; /* < 0: the stream failed, and `err` says how */
    struct nj_error *err;
    size_t at;        /* inside the stream's window */
    bool is_opened;   /* just after `{` or `[` */
    bool is_end;      /* the stream has no more */
    bool is_too_long; /* the last take gave up */
    unsigned depth;
    char key[256]; /* the last key; longer ones are cut */
};
void nj_json_walk_init(struct nj_json_walk *walk, struct nj_stream *stream,
                       struct nj_error *err);
/* INVALID without an error: the input ends here. */
enum nj_json_type nj_json_walk_peek(struct nj_json_walk *walk);
bool nj_json_walk_object(struct nj_json_walk *walk);
/* The key lives until the next call. */
bool nj_json_walk_object_next(struct nj_json_walk *walk, struct nj_slice *key);
bool nj_json_walk_array(struct nj_json_walk *walk);
bool nj_json_walk_array_next(struct nj_json_walk *walk);
bool nj_json_walk_skip(struct nj_json_walk *walk); /* in constant memory */
/* The text of the next value, held whole; lives until the next call. It is followed by
 * NJ_STREAM_PAD readable bytes, so a padded nj_json may read it. A value of more than `max`
 * bytes (at most NJ_STREAM_WINDOW_MAX / 2) sets is_too_long and is no error: the walk still
 * stands before it, to enter it, to skip it, or to take it with more room. */
bool nj_json_walk_take(struct nj_json_walk *walk, size_t max, struct nj_slice *out);
/* Byte offset in the decompressed input, for messages. */
uint64_t nj_json_walk_offset(const struct nj_json_walk *walk);
/* What stopped the walk as an error of the input at `path`: the stream's, or NJ_EFORMAT with
 * the offset and what was expected there. */
enum nj_status nj_json_walk_fail(const struct nj_json_walk *walk, const char *path);

#endif
