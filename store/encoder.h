/* encoder.h - a sink that makes batches of the spans it is given (floor 2). */
#ifndef NJ_STORE_ENCODER_H
#define NJ_STORE_ENCODER_H

#include "store/batch.h"

struct nj_encoder;

/* Where full batches go, and where empty ones come from. */
struct nj_batch_exit {
    /* Takes the batch. Another status than NJ_OK stops the importer with it. */
    enum nj_status (*put)(void *context, struct nj_batch *batch, struct nj_error *err);
    /* An empty batch, or NULL with *err set. */
    struct nj_batch *(*take)(void *context, struct nj_error *err);
    void *context;
};

enum nj_encode_flag {
    NJ_ENCODE_CHECKPOINTS =
        1 << 0,                  /* the input can be resumed; else checkpoints of its importer
                                    are passed over, and it is stored whole or not at all */
    NJ_ENCODE_CONTENTS = 1 << 1, /* contents of spans are kept, not only told apart */
};

/* An encoder for one input; `flags` of enum nj_encode_flag. `diags` is the sink's; a
 * resumed input begins with those of the part that is stored. Where batches end depends on the
 * spans alone, and an input resumed at a checkpoint gives the same batches as one that was
 * never interrupted. NJ_ENOMEM. */
enum nj_status nj_encoder_new(struct nj_encoder **out, const struct nj_batch_exit *exit,
                              unsigned flags, struct nj_diags *diags,
                              struct nj_error *err) NJ_CHECKED;
/* After all its batches were written: they refer to its names. */
void nj_encoder_free(struct nj_encoder *encoder);
struct nj_sink *nj_encoder_sink(struct nj_encoder *encoder);
/* Puts what is left. */
enum nj_status nj_encoder_finish(struct nj_encoder *encoder, struct nj_error *err) NJ_CHECKED;

#endif
