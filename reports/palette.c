/* palette.c - one colour a kind. */
#include "reports/palette.h"

const struct nj_colour nj_palette[] = {
    {"llm", "model call", "k-llm", "#4477AA"},
    {"tool", "tool", "k-tool", "#66CCEE"},
    {"agent", "agent itself", "k-agent", "#228833"},
    {"chain", "chain or step", "k-chain", "#99BB77"},
    {"retriever", "retriever", "k-retriever", "#EE8866"},
    {"embedding", "embedding", "k-embedding", "#FFAABB"},
    {"guardrail", "guardrail", "k-guardrail", "#44BB99"},
    {"evaluator", "evaluator", "k-evaluator", "#BBCC33"},
    {"handoff", "hand-off", "k-handoff", "#DDAA33"},
    {"memory", "memory", "k-memory", "#9977BB"},
    {"retry", "failed attempts", "k-retry", "#AA3377"},
    {"wait", "waiting", "k-wait", "#CCBB44"},
    {"gap", "unexplained gap", "k-gap", "#BBBBBB"},
    {"other", "other", "k-other", "#A0A8B0"},
};
const size_t nj_palette_len = sizeof nj_palette / sizeof nj_palette[0];

const struct nj_colour *
nj_colour_of(struct nj_slice kind)
{
    for (size_t i = 0; i < nj_palette_len; i++)
        if (nj_slice_eq(kind, nj_slice_of(nj_palette[i].name)))
            return &nj_palette[i];
    return &nj_palette[nj_palette_len - 1];
}
