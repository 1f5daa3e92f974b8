/* junit.c - checks as JUnit XML. The profile is what both strict schemas allow: no attributes
 * on the root, three decimals, times without a zone, one result a case. */
#include "reports/files.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 16 << 10, CASES_MAX = 5000 };

struct junit {
    xmlTextWriterPtr xml;
    const struct nj_results *results;
    const struct nj_junit_options *options;
    struct nj_buf text;  /* scratch */
    const size_t *order; /* rows of checks, by suite */
    bool is_failed;
};

/* The result a check has in JUnit's words; NULL: passed. */
static const char *
result_of(const struct nj_table *t, size_t r)
{
    static const char *const skipped[] = {"insufficient", "learning", "waived", "new"};
    struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);

    if (nj_slice_eq(verdict, NJ_SLICE("error")))
        return "error";
    if (nj_table_int(t, r, NJ_COL_checks_is_red))
        return "failure";
    for (size_t i = 0; i < NJ_LEN(skipped); i++)
        if (nj_slice_eq(verdict, nj_slice_of(skipped[i])))
            return "skipped";
    return NULL;
}

static const char *
type_of(const struct nj_table *t, size_t r)
{
    struct nj_slice verdict = nj_table_text(t, r, NJ_COL_checks_verdict);

    if (nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_rule), NJ_SLICE("drift")))
        return "drift";
    if (nj_slice_eq(verdict, NJ_SLICE("over-limit")))
        return "limit";
    if (nj_slice_eq(verdict, NJ_SLICE("missing")))
        return "missing";
    if (nj_slice_eq(verdict, NJ_SLICE("error")))
        return "parse-error";
    return "regression";
}

/* Text that XML 1.0 allows, with "[[" broken up (some readers take it for an attachment) and a
 * limit on its length. */
static void
clean_put(struct nj_buf *out, struct nj_slice text)
{
    const char *p = text.ptr, *end = text.len ? p + text.len : p;
    size_t from = out->len;

    while (p < end && out->len - from < TEXT_MAX) {
        unsigned n = nj_utf8_len(p, (size_t)(end - p));
        unsigned char c = (unsigned char)*p;
        bool is_bad =
            n == 0 || (c < 32 && c != '\t' && c != '\n') || c == 127 ||
            (n == 2 && c == 0xC2 && (unsigned char)p[1] < 0xA0) ||
            (n == 3 && c == 0xEF && (unsigned char)p[1] == 0xBF && (unsigned char)p[2] >= 0xBE);
        if (is_bad)
            nj_buf_put_text(out, "\xEF\xBF\xBD");
        else
            nj_buf_put(out, p, n);
        if (c == '[' && p + 1 < end && p[1] == '[')
            nj_buf_put_char(out, ' ');
        p += n ? n : 1;
    }
}

/* The buffer's text as an xmlChar string; lives until the buffer is used again. */
static const xmlChar *
text_end(struct junit *j)
{
    nj_buf_put_char(&j->text, '\0');
    j->is_failed |= j->text.is_failed;
    return (const xmlChar *)(j->text.is_failed ? "" : j->text.ptr);
}

static const xmlChar *
clean(struct junit *j, struct nj_slice text)
{
    j->text.len = 0;
    clean_put(&j->text, text);
    return text_end(j);
}

static void
attribute(struct junit *j, const char *name, const xmlChar *value)
{
    j->is_failed |= xmlTextWriterWriteAttribute(j->xml, (const xmlChar *)name, value) < 0;
}

static void
number_attribute(struct junit *j, const char *name, size_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%zu", value);
    attribute(j, name, (const xmlChar *)text);
}

static void
element_start(struct junit *j, const char *name)
{
    j->is_failed |= xmlTextWriterStartElement(j->xml, (const xmlChar *)name) < 0;
}

static void
element_end(struct junit *j)
{
    j->is_failed |= xmlTextWriterEndElement(j->xml) < 0;
}

/* "nightjar.latency.planner", dots inside the agent's name replaced: readers split there. */
static const xmlChar *
classname_of(struct junit *j, const struct nj_table *t, size_t r)
{
    struct nj_slice agent = nj_table_text(t, r, NJ_COL_checks_agent);

    j->text.len = 0;
    nj_buf_put_text(&j->text, "nightjar.");
    clean_put(&j->text, nj_table_text(t, r, NJ_COL_checks_suite));
    size_t from = j->text.len + 1;
    if (agent.len) {
        nj_buf_put_char(&j->text, '.');
        clean_put(&j->text, agent);
    }
    for (size_t i = from; i < j->text.len; i++)
        if (j->text.ptr[i] == '.' || j->text.ptr[i] == '\n')
            j->text.ptr[i] = '_';
    return text_end(j);
}

static void
value_line(struct nj_buf *out, const struct nj_table *t, size_t r, const char *label,
           unsigned column)
{
    struct nj_slice unit = nj_table_text(t, r, NJ_COL_checks_unit);
    double v = nj_table_real(t, r, column);
    char text[NJ_DURATION_TEXT];

    if (nj_table_is_null(t, r, column))
        return;
    if (nj_slice_eq(unit, NJ_SLICE("ns"))) {
        nj_duration_print(text, v);
        nj_buf_printf(out, "%s: %s\n", label, text);
    } else if (nj_slice_eq(unit, NJ_SLICE("ratio"))) {
        nj_buf_printf(out, "%s: %.3g %%\n", label, v * 100);
    } else {
        nj_buf_printf(out, "%s: %.4g\n", label, v);
    }
}

/* The message's first line again (some readers show only the text), then the numbers. */
static const xmlChar *
result_text(struct junit *j, const struct nj_table *t, size_t r)
{
    static const struct {
        const char *label;
        unsigned column;
    } ratios[] = {{"change", NJ_COL_checks_change},
                  {"allowed change", NJ_COL_checks_tolerance},
                  {"smallest change that would have been found", NJ_COL_checks_detectable}};

    j->text.len = 0;
    clean_put(&j->text, nj_table_text(t, r, NJ_COL_checks_why));
    nj_buf_put_char(&j->text, '\n');
    value_line(&j->text, t, r, "measured", NJ_COL_checks_est);
    value_line(&j->text, t, r, "95 % interval from", NJ_COL_checks_lo);
    value_line(&j->text, t, r, "95 % interval to", NJ_COL_checks_hi);
    value_line(&j->text, t, r, "limit", NJ_COL_checks_limit_value);
    value_line(&j->text, t, r, "baseline", NJ_COL_checks_baseline);
    for (size_t i = 0; i < NJ_LEN(ratios); i++)
        if (!nj_table_is_null(t, r, ratios[i].column))
            nj_buf_printf(
                &j->text, "%s: %+.3g %s\n", ratios[i].label,
                nj_table_real(t, r, ratios[i].column) * 100,
                nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_unit), NJ_SLICE("ratio")) ? "pp"
                                                                                        : "%");
    if (!nj_table_is_null(t, r, NJ_COL_checks_n))
        nj_buf_printf(&j->text, "n: %.0f, effective: %.0f\n",
                      nj_table_real(t, r, NJ_COL_checks_n),
                      nj_table_real(t, r, NJ_COL_checks_n_eff));
    if (!nj_table_is_null(t, r, NJ_COL_checks_q))
        nj_buf_printf(&j->text, "p: %.3g, after correction for all checks: %.3g\n",
                      nj_table_real(t, r, NJ_COL_checks_p),
                      nj_table_real(t, r, NJ_COL_checks_q));
    return text_end(j);
}

static void
case_write(struct junit *j, const struct nj_table *t, size_t r)
{
    const char *result = result_of(t, r);

    element_start(j, "testcase");
    attribute(j, "name", clean(j, nj_table_text(t, r, NJ_COL_checks_name)));
    attribute(j, "classname", classname_of(j, t, r));
    attribute(j, "time", (const xmlChar *)"0.000");
    if (result) {
        element_start(j, result);
        if (strcmp(result, "skipped") != 0)
            attribute(j, "type", (const xmlChar *)type_of(t, r));
        attribute(j, "message", clean(j, nj_table_text(t, r, NJ_COL_checks_why)));
        j->is_failed |= xmlTextWriterWriteString(j->xml, result_text(j, t, r)) < 0;
        element_end(j);
        if (j->options->has_attachments && strcmp(result, "skipped") != 0)
            j->is_failed |=
                xmlTextWriterWriteElement(j->xml, (const xmlChar *)"system-out",
                                          (const xmlChar *)"[[ATTACHMENT|report.html]]") < 0;
    }
    element_end(j);
}

static void
property(struct junit *j, const char *name, struct nj_slice value)
{
    element_start(j, "property");
    attribute(j, "name", (const xmlChar *)name);
    attribute(j, "value", clean(j, value));
    element_end(j);
}

static void
properties_write(struct junit *j)
{
    const struct nj_table *v = nj_results_view(j->results, NJ_TABLE_verdict);
    char nights[24];

    element_start(j, "properties");
    property(j, "nightjar.version", NJ_SLICE(NJ_VERSION));
    if (nj_table_len(v) > 0) {
        (void)snprintf(nights, sizeof nights, "%.0f",
                       (double)nj_table_int(v, 0, NJ_COL_verdict_baseline_nights));
        property(j, "nightjar.policy", nj_table_text(v, 0, NJ_COL_verdict_policy));
        property(j, "nightjar.policy.digest",
                 nj_table_text(v, 0, NJ_COL_verdict_policy_digest));
        property(j, "nightjar.baseline.nights", nj_slice_of(nights));
    }
    element_end(j);
}

struct counts {
    size_t tests, failures, errors, skipped;
};

static void
suite_open(struct junit *j, struct nj_slice name, size_t id, struct counts counts)
{
    char time[NJ_TIME_TEXT];

    nj_time_print_seconds(time, j->options->now_ns);
    element_start(j, "testsuite");
    attribute(j, "name", clean(j, name));
    attribute(j, "package", (const xmlChar *)"nightjar");
    number_attribute(j, "id", id);
    attribute(j, "timestamp", (const xmlChar *)time);
    attribute(j, "hostname", clean(j, nj_slice_of(j->options->hostname)));
    number_attribute(j, "tests", counts.tests);
    number_attribute(j, "failures", counts.failures);
    number_attribute(j, "errors", counts.errors);
    number_attribute(j, "skipped", counts.skipped);
    attribute(j, "time", (const xmlChar *)"0.000");
    properties_write(j);
}

static void
suite_close(struct junit *j)
{
    element_start(j, "system-out");
    element_end(j);
    element_start(j, "system-err");
    element_end(j);
    element_end(j);
}

/* The rows order[from .. to) are one suite. */
static void
suite_write(struct junit *j, const struct nj_table *t, size_t from, size_t to, size_t id)
{
    struct counts counts = {.tests = to - from};

    for (size_t i = from; i < to; i++) {
        const char *result = result_of(t, j->order[i]);
        counts.failures += result && strcmp(result, "failure") == 0;
        counts.errors += result && strcmp(result, "error") == 0;
        counts.skipped += result && strcmp(result, "skipped") == 0;
    }
    suite_open(j, nj_table_text(t, j->order[from], NJ_COL_checks_suite), id, counts);
    for (size_t i = from; i < to; i++)
        case_write(j, t, j->order[i]);
    suite_close(j);
}

/* What the verdict is as a case; NULL: passed. */
static const char *
verdict_result(const struct nj_table *v)
{
    struct nj_slice verdict =
        nj_table_len(v) > 0 ? nj_table_text(v, 0, NJ_COL_verdict_verdict) : NJ_SLICE("");

    return nj_slice_eq(verdict, NJ_SLICE("error"))      ? "error"
           : nj_slice_eq(verdict, NJ_SLICE("learning")) ? "skipped"
                                                        : NULL;
}

/* The verdict as a case of its own: nothing that could be read or judged is an error, a night
 * that only learns is skipped. What failed has cases already. */
static void
verdict_case(struct junit *j, const struct nj_table *v)
{
    struct nj_slice sentence = nj_table_text(v, 0, NJ_COL_verdict_sentence);
    const char *result = verdict_result(v);

    element_start(j, "testcase");
    attribute(j, "name", (const xmlChar *)"verdict");
    attribute(j, "classname", (const xmlChar *)"nightjar.gates");
    attribute(j, "time", (const xmlChar *)"0.000");
    if (result) {
        element_start(j, result);
        if (strcmp(result, "error") == 0)
            attribute(j, "type", (const xmlChar *)"not-judged");
        attribute(j, "message", clean(j, sentence));
        j->is_failed |= xmlTextWriterWriteString(j->xml, clean(j, sentence)) < 0;
        element_end(j);
    }
    element_end(j);
}

static void
verdict_suite(struct junit *j, size_t id)
{
    const struct nj_table *v = nj_results_view(j->results, NJ_TABLE_verdict);
    const char *result = verdict_result(v);
    bool has_case = nj_table_len(v) > 0;

    suite_open(j, NJ_SLICE("gates"), id,
               (struct counts){.tests = has_case,
                               .errors = result && strcmp(result, "error") == 0,
                               .skipped = result && strcmp(result, "skipped") == 0});
    if (has_case)
        verdict_case(j, v);
    suite_close(j);
}

/* Rows of checks sorted by suite, otherwise as they are (stable). */
static size_t *
rows_by_suite(const struct nj_table *t, size_t len)
{
    size_t *order = malloc((len + 1) * sizeof *order), done = 0;
    struct nj_slice last = {0};

    while (order && done < len) {
        struct nj_slice next = {0};
        for (size_t r = 0; r < len; r++) {
            struct nj_slice suite = nj_table_text(t, r, NJ_COL_checks_suite);
            if ((done == 0 || nj_slice_cmp(suite, last) > 0) &&
                (!next.ptr || nj_slice_cmp(suite, next) < 0))
                next = suite;
        }
        for (size_t r = 0; r < len; r++)
            if (nj_slice_eq(nj_table_text(t, r, NJ_COL_checks_suite), next))
                order[done++] = r;
        last = next;
    }
    return order;
}

static void
suites_write(struct junit *j, const struct nj_table *t, size_t len)
{
    size_t id = 0, from = 0;

    j->is_failed |= xmlTextWriterStartDocument(j->xml, NULL, "UTF-8", NULL) < 0;
    element_start(j, "testsuites");
    for (size_t i = 1; i <= len; i++) {
        if (i < len && nj_slice_eq(nj_table_text(t, j->order[i], NJ_COL_checks_suite),
                                   nj_table_text(t, j->order[from], NJ_COL_checks_suite)))
            continue;
        suite_write(j, t, from, i, id++);
        from = i;
    }
    verdict_suite(j, id);
    element_end(j);
    j->is_failed |= xmlTextWriterEndDocument(j->xml) < 0;
}

enum nj_status
nj_junit_write(const struct nj_results *results, const struct nj_junit_options *options,
               struct nj_buf *out, struct nj_error *err)
{
    const struct nj_table *t = nj_results_view(results, NJ_TABLE_checks);
    size_t len = nj_table_len(t) < CASES_MAX ? nj_table_len(t) : CASES_MAX;
    size_t *order = rows_by_suite(t, len);
    xmlBufferPtr bytes = xmlBufferCreate();
    struct junit j = {.results = results, .options = options, .order = order};

    j.xml = bytes ? xmlNewTextWriterMemory(bytes, 0) : NULL;
    j.is_failed = !j.xml || !order;
    if (!j.is_failed) {
        (void)xmlTextWriterSetIndent(j.xml, 1);
        suites_write(&j, t, len);
    }
    if (j.xml)
        xmlFreeTextWriter(j.xml);
    if (!j.is_failed)
        nj_buf_put(out, xmlBufferContent(bytes), (size_t)xmlBufferLength(bytes));
    if (bytes)
        xmlBufferFree(bytes);
    nj_buf_fini(&j.text);
    free(order);
    return j.is_failed || out->is_failed ? nj_fail(err, NJ_ENOMEM, "no memory for junit.xml")
                                         : NJ_OK;
}
