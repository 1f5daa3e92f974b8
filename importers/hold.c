/* hold.c - records that wait until what stands around them is known. */
#include "importers/hold.h"

#include "base/stream.h"

#include <errno.h>

/* What stands before each record. */
struct head {
    uint64_t offset, len;
};

void
nj_hold_fini(struct nj_hold *hold)
{
    nj_buf_fini(&hold->memory);
    nj_buf_fini(&hold->record);
    if (hold->file)
        (void)fclose(hold->file);
    *hold = (struct nj_hold){0};
}

bool
nj_hold_is_empty(const struct nj_hold *hold)
{
    return hold->memory.len == 0 && hold->file_bytes == 0;
}

static enum nj_status
file_fail(struct nj_error *err, const char *what)
{
    return nj_fail(err, NJ_EIO, "cannot %s a temporary file for waiting records: %s", what,
                   strerror(errno));
}

/* What is in memory goes behind what is in the file. */
static enum nj_status
memory_spill(struct nj_hold *hold, struct nj_error *err)
{
    if (!hold->file && !(hold->file = tmpfile()))
        return file_fail(err, "make");
    if (hold->file_bytes == 0)
        rewind(hold->file);
    if (fwrite(hold->memory.ptr, 1, hold->memory.len, hold->file) != hold->memory.len)
        return file_fail(err, "write");
    hold->file_bytes += hold->memory.len;
    hold->memory.len = 0;
    return NJ_OK;
}

enum nj_status
nj_hold_put(struct nj_hold *hold, struct nj_slice record, uint64_t offset, struct nj_error *err)
{
    struct head head = {offset, record.len};
    size_t max = hold->memory_max ? hold->memory_max : (size_t)NJ_HOLD_MEMORY_BYTES;

    nj_buf_put(&hold->memory, &head, sizeof head);
    nj_buf_put_slice(&hold->memory, record);
    if (hold->memory.is_failed)
        return nj_fail(err, NJ_ENOMEM, "out of memory for records that wait");
    return hold->memory.len > max ? memory_spill(hold, err) : NJ_OK;
}

/* The next `len` bytes, from the file first, behind what is in `record`. */
static enum nj_status
bytes_take(struct nj_hold *hold, size_t len, struct nj_error *err)
{
    char *to = nj_buf_reserve(&hold->record, len + NJ_STREAM_PAD);

    if (!to)
        return nj_fail(err, NJ_ENOMEM, "out of memory for a record of %zu bytes", len);
    if (hold->file_at < hold->file_bytes) {
        if (fread(to, 1, len, hold->file) != len)
            return file_fail(err, "read");
        hold->file_at += len;
    } else if (len > 0) {
        memcpy(to, hold->memory.ptr + hold->at, len);
        hold->at += len;
    }
    memset(to + len, 0, NJ_STREAM_PAD);
    hold->record.len += len;
    return NJ_OK;
}

enum nj_status
nj_hold_take(struct nj_hold *hold, struct nj_slice *record, uint64_t *offset,
             struct nj_error *err)
{
    struct head head;

    if (!hold->is_rewound && hold->file_bytes > 0)
        rewind(hold->file);
    hold->is_rewound = true;
    if (hold->file_at == hold->file_bytes && hold->at == hold->memory.len) {
        hold->memory.len = hold->at = 0;
        hold->file_bytes = hold->file_at = 0;
        hold->is_rewound = false;
        return NJ_DONE;
    }
    hold->record.len = 0;
    enum nj_status st = bytes_take(hold, sizeof head, err);
    if (st < 0)
        return st;
    memcpy(&head, hold->record.ptr, sizeof head);
    hold->record.len = 0;
    st = bytes_take(hold, (size_t)head.len, err);
    *record = nj_buf_slice(&hold->record);
    *offset = head.offset;
    return st;
}
