/* clock.c - times and durations as text and back. */
#include "base/clock.h"

#include "base/decimal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t
clock_ns(clockid_t id)
{
    struct timespec ts = {0};
    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
nj_clock_now_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t
nj_clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, 2013: years begin in March). */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* `digits` decimal digits at *p, moved past; -1 when they are not digits. */
static int64_t
digits_read(const char **p, const char *end, int digits)
{
    int64_t v = 0;

    if (end - *p < digits)
        return -1;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

static bool
char_read(const char **p, const char *end, char c)
{
    if (*p >= end || **p != c)
        return false;
    (*p)++;
    return true;
}

static bool
zone_read(const char **p, const char *end, int64_t *offset_s)
{
    *offset_s = 0;
    if (*p == end || char_read(p, end, 'Z') || char_read(p, end, 'z'))
        return true;
    int sign = **p == '-' ? -1 : 1;
    if (**p != '+' && **p != '-')
        return false;
    (*p)++;
    int64_t h = digits_read(p, end, 2), m = 0;
    (void)char_read(p, end, ':');
    if (*p < end)
        m = digits_read(p, end, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return false;
    *offset_s = sign * (h * 3600 + m * 60);
    return true;
}

static bool
clock_read(const char **p, const char *end, int64_t *seconds, int64_t *fraction_ns)
{
    int64_t h = digits_read(p, end, 2), m = -1, s = 0;

    if (char_read(p, end, ':'))
        m = digits_read(p, end, 2);
    if (char_read(p, end, ':'))
        s = digits_read(p, end, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60)
        return false;
    *seconds = h * 3600 + m * 60 + s;
    if (char_read(p, end, '.') || char_read(p, end, ',')) {
        int64_t unit = 100000000;
        const char *first = *p;
        for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
            *fraction_ns += unit * (**p - '0');
        return *p > first;
    }
    return true;
}

/* Seconds to nanoseconds are told apart by size: dates before 1973 in seconds look like nothing
 * else, and so on up. */
static bool
number_parse(struct nj_slice text, int64_t *out_ns)
{
    static const struct {
        int64_t below;
        int digits; /* that are missing to nanoseconds */
    } units[] = {{100000000000, 9}, {100000000000000, 6}, {100000000000000000, 3}};
    int64_t whole;
    size_t i = 0;

    if (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '9' ||
        !nj_decimal_parse(text, 0, &whole))
        return false;
    while (i < sizeof units / sizeof units[0] && whole >= units[i].below)
        i++;
    return nj_decimal_parse(text, i < sizeof units / sizeof units[0] ? units[i].digits : 0,
                            out_ns);
}

bool
nj_time_parse(struct nj_slice text, int64_t *out_ns)
{
    const char *p = text.ptr, *end = text.len ? text.ptr + text.len : text.ptr;
    int64_t seconds = 0, fraction = 0, zone = 0;

    if (text.len < 10 || text.ptr[4] != '-')
        return number_parse(text, out_ns);
    int64_t y = digits_read(&p, end, 4);
    bool ok = char_read(&p, end, '-');
    int64_t mo = digits_read(&p, end, 2);
    ok = ok && char_read(&p, end, '-');
    int64_t d = digits_read(&p, end, 2);
    if (!ok || y < 0 || mo < 1 || mo > 12 || d < 1 || d > 31)
        return false;
    if (p < end) {
        if (*p != 'T' && *p != 't' && *p != ' ')
            return false;
        p++;
        if (!clock_read(&p, end, &seconds, &fraction) || !zone_read(&p, end, &zone))
            return false;
    }
    if (p != end)
        return false;
    int64_t days = days_of(y, mo, d);
    if (days > 106750 || days < -106750) /* int64 nanoseconds reach from 1677 to 2262 */
        return false;
    *out_ns = (days * 86400 + seconds - zone) * 1000000000 + fraction;
    return true;
}

static void
date_print(char out[NJ_TIME_TEXT], int64_t days, int64_t seconds)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t m = mp < 10 ? mp + 3 : mp - 9, y = yoe + era * 400 + (m <= 2);

    (void)snprintf(out, NJ_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, (int)m,
                   (int)(doy - (153 * mp + 2) / 5 + 1), (int)(seconds / 3600),
                   (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void
nj_time_print_seconds(char out[NJ_TIME_TEXT], int64_t time_ns)
{
    int64_t s = floor_div(time_ns, 1000000000), days = floor_div(s, 86400);
    date_print(out, days, s - days * 86400);
}

void
nj_time_print(char out[NJ_TIME_TEXT], int64_t time_ns)
{
    int64_t ns = time_ns - floor_div(time_ns, 1000000000) * 1000000000;
    char *end;

    nj_time_print_seconds(out, time_ns);
    end = out + strlen(out);
    size_t room = NJ_TIME_TEXT - (size_t)(end - out);
    if (ns == 0)
        (void)snprintf(end, room, "Z");
    else if (ns % 1000000 == 0)
        (void)snprintf(end, room, ".%03dZ", (int)(ns / 1000000));
    else if (ns % 1000 == 0)
        (void)snprintf(end, room, ".%06dZ", (int)(ns / 1000));
    else
        (void)snprintf(end, room, ".%09dZ", (int)ns);
}

static const struct {
    const char *name;
    double ns;
} units[] = {{"ns", 1},  {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"\xCE\xBCs", 1e3}, {"ms", 1e6},
             {"s", 1e9}, {"m", 60e9}, {"min", 60e9},      {"h", 3600e9},      {"d", 86400e9}};

bool
nj_duration_parse(struct nj_slice text, int64_t *out_ns)
{
    char copy[40], *stop;

    if (text.len == 0 || text.len >= sizeof copy ||
        !((text.ptr[0] >= '0' && text.ptr[0] <= '9') || text.ptr[0] == '.'))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    double v = strtod(copy, &stop);
    while (*stop == ' ')
        stop++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(stop, units[i].name) == 0 && v * units[i].ns < 9.2e18) {
            *out_ns = (int64_t)llround(v * units[i].ns);
            return true;
        }
    }
    return false;
}

void
nj_duration_print(char out[NJ_DURATION_TEXT], double ns)
{
    static const struct {
        const char *name;
        double ns, below;
    } steps[] = {{"ns", 1, 999.5},    {"\xC2\xB5s", 1e3, 999.5e3}, {"ms", 1e6, 999.5e6},
                 {"s", 1e9, 119.5e9}, {"min", 60e9, 119.5 * 60e9}, {"h", 3600e9, INFINITY}};
    double size = fabs(ns);
    size_t i = 0;

    while (size >= steps[i].below)
        i++;
    double v = ns / steps[i].ns;
    int decimals = fabs(v) >= 99.95 || i == 0 ? 0 : fabs(v) >= 9.995 ? 1 : 2;
    char number[24];
    (void)snprintf(number, sizeof number, "%.*f", decimals, v);
    if (decimals) { /* 1.50 is 1.5, 2.00 is 2 */
        char *end = number + strlen(number);
        while (end[-1] == '0')
            *--end = '\0';
        if (end[-1] == '.')
            end[-1] = '\0';
    }
    (void)snprintf(out, NJ_DURATION_TEXT, "%s %s", number, steps[i].name);
}
