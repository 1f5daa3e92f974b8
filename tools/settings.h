/* settings.h - everything that a command line can say, and the table that says it (floor 6). */
#ifndef NJ_TOOLS_SETTINGS_H
#define NJ_TOOLS_SETTINGS_H

#include "analyzers/options.h"

enum nj_format { NJ_FORMAT_TEXT, NJ_FORMAT_JSON, NJ_FORMAT_CSV, NJ_FORMAT_MARKDOWN };

/* Zeroed is the default of everything. Texts are borrowed from argv. */
struct nj_settings {
    struct nj_options analysis;
    const char *const *inputs; /* the words that are no options */
    size_t inputs_len;

    const char *store;  /* -d */
    const char *output; /* -o */
    const char *policy;
    const char *baseline; /* -b */
    const char *reason;   /* why a night is accepted or removed */
    int64_t night_ns;     /* the night that the traces stand for; 0: their start */
    const char *to;       /* export format */
    int sort;             /* of traces: duration, errors, tokens, start */
    const char *values;   /* sampling --values */
    uint64_t limit;
    int format;     /* enum nj_format */
    int64_t now_ns; /* 0: the clock */
    bool is_per_trace, is_weights_explained;
    bool is_quiet, is_verbose, is_strict, is_partial;
    bool reads_contents; /* no option: the command asks for contents of spans */
    bool is_report_only, is_policy_printed;
    bool is_baseline_required, is_unrecorded;
    bool is_regress_allowed, is_restart;
    bool has_attachments, is_self_contained;
    bool wants_help;
};

/* Which commands take an option: bits of nj_option.groups and nj_command.groups. */
enum nj_option_group {
    NJ_GROUP_ALL = 1 << 0,      /* every command */
    NJ_GROUP_READ = 1 << 1,     /* reads inputs */
    NJ_GROUP_FORMAT = 1 << 2,   /* prints rows */
    NJ_GROUP_STORE = 1 << 3,    /* -d */
    NJ_GROUP_OUTPUT = 1 << 4,   /* -o */
    NJ_GROUP_PATH = 1 << 5,     /* critical path */
    NJ_GROUP_ERRORS = 1 << 6,   /* error causality */
    NJ_GROUP_SAMPLING = 1 << 7, /* weights */
    NJ_GROUP_GATES = 1 << 8,    /* policy */
    NJ_GROUP_REPORT = 1 << 9,   /* report files */
    NJ_GROUP_VALUES = 1 << 10,  /* sampling alone */
    NJ_GROUP_EXPORT = 1 << 11,
    NJ_GROUP_TRACES = 1 << 12,
    NJ_GROUP_PER_TRACE = 1 << 13,
    NJ_GROUP_PRICES = 1 << 14,
    NJ_GROUP_PATH_BY = 1 << 15, /* what rows are grouped by, one choice a command */
    NJ_GROUP_LATENCY_BY = 1 << 16,
    NJ_GROUP_TOKENS_BY = 1 << 17,
    NJ_GROUP_BASELINE = 1 << 19, /* compares with a baseline */
    NJ_GROUP_JUDGE = 1 << 20,    /* ends with a verdict */
    NJ_GROUP_CHECK = 1 << 21,    /* check alone */
    NJ_GROUP_NIGHT = 1 << 22,    /* takes a night into the baseline */
    NJ_GROUP_ACCEPT = 1 << 23,   /* accept alone */
    NJ_GROUP_DIFF = 1 << 25,     /* diff alone */
    NJ_GROUP_REASON = 1 << 24,   /* changes what was accepted */
    NJ_GROUP_SELECT = 1 << 18,   /* which traces, and how their trees are built */
    NJ_GROUP_INPUT = NJ_GROUP_READ | NJ_GROUP_SELECT,
};

enum nj_option_type {
    NJ_OPTION_FLAG,    /* bool */
    NJ_OPTION_TEXT,    /* const char * */
    NJ_OPTION_COUNT,   /* uint64_t, "4k" and "2M" allowed */
    NJ_OPTION_JOBS,    /* unsigned */
    NJ_OPTION_TIME,    /* int64_t, see nj_time_parse */
    NJ_OPTION_RATE,    /* double in (0, 1], "5%" allowed */
    NJ_OPTION_RANGE,   /* two doubles, "0.03,0.1" */
    NJ_OPTION_CHOICE,  /* int: index in the words of `argument` */
    NJ_OPTION_WORD,    /* const char *: one of the words of `argument` */
    NJ_OPTION_SWITCH,  /* bool: the second of two words */
    NJ_OPTION_PAIR,    /* two slices, "KEY=VALUE" */
    NJ_OPTION_WHAT_IF, /* "agent=browser:30%" into what_if_* */
};

struct nj_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum nj_option_type type;
    const char
        *argument; /* name of its argument in help; for CHOICE the words, "text|json|csv" */
    size_t offset; /* in struct nj_settings */
    unsigned groups;
    const char *help;
};
extern const struct nj_option nj_options_table[];
extern const size_t nj_options_table_len;

/* Reads argv[1..argc) (argv[0] is the command's name). `words` has room for argc pointers and
 * must outlive *out. NJ_EUSAGE names the option, what was given and what was expected, and for
 * a misspelt option the nearest one. */
enum nj_status nj_settings_parse(struct nj_settings *out, int argc, const char *const *argv,
                                 unsigned groups, const char **words,
                                 struct nj_error *err) NJ_CHECKED;

#endif
