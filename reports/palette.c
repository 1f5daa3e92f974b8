/* palette.c - one colour a kind, one shade a change. */
#include "reports/palette.h"

#include <math.h>

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

/* A rise and the fall that undoes it are equally far from the middle. */
const struct nj_shade nj_shades[] = {
    {-1 / 3.0, "less by 33 % or more", "c-down3", "#4F9BC8"},
    {-1 / 6.0, "less by 17 to 33 %", "c-down2", "#92C5DE"},
    {-1 / 21.0, "less by 5 to 17 %", "c-down1", "#D1E5F0"},
    {0.05, "as before, within 5 %", "c-same", "#D5D8DD"},
    {0.2, "more by 5 to 20 %", "c-up1", "#FDDBC7"},
    {0.5, "more by 20 to 50 %", "c-up2", "#F4A582"},
    {(double)INFINITY, "more by 50 % or more", "c-up3", "#E07A5F"},
    {(double)NAN, "not there before", "c-new", "#C2A5CF"},
};
const size_t nj_shades_len = sizeof nj_shades / sizeof nj_shades[0];

const struct nj_shade *
nj_shade_of(double change)
{
    for (size_t i = 0; i + 1 < nj_shades_len; i++)
        if (change < nj_shades[i].up_to || (i + 2 == nj_shades_len && !isnan(change)))
            return &nj_shades[i];
    return &nj_shades[nj_shades_len - 1];
}
