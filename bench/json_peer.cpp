/* json_peer.cpp - the same extraction as read_spans.c with simdjson on-demand, as a yardstick.
 * usage: nj_json_peer FILE [REPEATS], for JSON lines in camel case. */
extern "C" {
#include "bench/clock.h"
}

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

namespace od = simdjson::ondemand;

enum { CHUNK_BYTES = 8 << 20 };

static void
add_text(nj_checksum &c, std::string_view text)
{
    nj_checksum_text(&c, text.data(), text.size());
}

static uint64_t
hex_number(std::string_view hex)
{
    uint64_t value = 0;
    for (char ch : hex)
        value = value << 4 | (uint64_t)(ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
    return value;
}

static uint64_t
decimal_number(std::string_view digits)
{
    uint64_t value = 0;
    for (char ch : digits)
        value = value * 10 + (uint64_t)(ch - '0');
    return value;
}

enum { STRING = 1, BOOL = 2, INT = 3, DOUBLE = 4, ARRAY = 6 }; /* nj_value_type */

static void
add_value(nj_checksum &c, od::object value)
{
    uint64_t bits = 0, type = 0;

    for (auto field : value) {
        od::raw_json_string key = field.key();
        if (key == "stringValue") {
            type = STRING;
            add_text(c, field.value().get_string());
        } else if (key == "intValue") {
            type = INT;
            std::string_view digits = field.value().get_string();
            bool is_negative = digits[0] == '-';
            bits = decimal_number(digits.substr(is_negative));
            bits = is_negative ? 0 - bits : bits;
        } else if (key == "doubleValue") {
            type = DOUBLE;
            double real = field.value().get_double();
            memcpy(&bits, &real, sizeof bits);
        } else if (key == "boolValue") {
            type = BOOL;
            bits = field.value().get_bool();
        } else if (key == "arrayValue") {
            type = ARRAY;
            for (auto element : field.value()["values"].get_array())
                (void)element["stringValue"].get_string().value();
        }
    }
    nj_checksum_number(&c, type);
    nj_checksum_number(&c, bits);
}

static void
add_attrs(nj_checksum &c, od::array attrs)
{
    for (od::object attr : attrs) {
        for (auto field : attr) {
            if (od::raw_json_string(field.key()) == "key")
                add_text(c, field.value().get_string());
            else
                add_value(c, field.value());
        }
        c.attrs++;
    }
}

static void
add_event(nj_checksum &c, od::object event)
{
    for (auto field : event) {
        od::raw_json_string key = field.key();
        if (key == "timeUnixNano")
            nj_checksum_number(&c, decimal_number(field.value().get_string()));
        else if (key == "name")
            add_text(c, field.value().get_string());
        else if (key == "attributes")
            add_attrs(c, field.value());
    }
    c.events++;
}

/* What is added up only when the whole span has been seen. */
struct span {
    uint64_t ids = 0, start_ns = 0, end_ns = 0, kind = 0, status = 0;
    std::string_view message;
};

static void
add_member(nj_checksum &c, span &s, od::raw_json_string key, od::value value)
{
    if (key == "traceId") {
        std::string_view hex = value.get_string();
        uint64_t id[2] = {__builtin_bswap64(hex_number(hex.substr(0, 16))),
                          __builtin_bswap64(hex_number(hex.substr(16)))};
        nj_checksum_text(&c, (const char *)id, sizeof id);
    } else if (key == "spanId" || key == "parentSpanId") {
        s.ids += hex_number(value.get_string());
    } else if (key == "name") {
        add_text(c, value.get_string());
    } else if (key == "kind") {
        s.kind = value.get_uint64();
    } else if (key == "startTimeUnixNano") {
        s.start_ns = decimal_number(value.get_string());
    } else if (key == "endTimeUnixNano") {
        s.end_ns = decimal_number(value.get_string());
    } else if (key == "attributes") {
        add_attrs(c, value);
    } else if (key == "events") {
        for (od::object event : value.get_array())
            add_event(c, event);
    } else if (key == "status") {
        for (auto field : value.get_object()) {
            if (od::raw_json_string(field.key()) == "message")
                s.message = field.value().get_string();
            else
                s.status = field.value().get_uint64();
        }
    }
}

static void
add_span(nj_checksum &c, od::object members)
{
    span s;

    c.spans++;
    for (auto field : members) {
        od::raw_json_string key = field.key();
        add_member(c, s, key, field.value());
    }
    nj_checksum_number(&c, s.ids);
    nj_checksum_number(&c, s.start_ns + s.end_ns * 3);
    nj_checksum_number(&c, s.kind + 8 * s.status);
    add_text(c, s.message);
}

static void
add_request(nj_checksum &c, od::object request)
{
    for (od::object resource_spans : request["resourceSpans"].get_array())
        for (od::object scope_spans : resource_spans["scopeSpans"].get_array())
            for (od::object members : scope_spans["spans"].get_array())
                add_span(c, members);
}

/* Reads the file in chunks, as the importer does, and parses its lines where they lie. */
static bool
read_once(const char *path, nj_checksum &c, uint64_t &bytes)
{
    static od::parser parser;
    static char chunk[2 * CHUNK_BYTES + simdjson::SIMDJSON_PADDING];
    size_t len = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return false;
    for (ssize_t got; (got = read(fd, chunk + len, CHUNK_BYTES)) > 0;) {
        len += (size_t)got;
        bytes += (uint64_t)got;
        char *line = chunk, *end = chunk + len;
        for (char *stop; (stop = (char *)memchr(line, '\n', (size_t)(end - line))) != nullptr;) {
            simdjson::padded_string_view text(line, (size_t)(stop - line),
                                              sizeof chunk - (size_t)(line - chunk));
            auto document = parser.iterate(text);
            add_request(c, document.get_object());
            line = stop + 1;
        }
        len = (size_t)(end - line);
        if (len > CHUNK_BYTES)
            abort();
        memmove(chunk, line, len);
    }
    (void)close(fd);
    return true;
}

int
main(int argc, char **argv)
{
    int repeats = argc > 2 ? atoi(argv[2]) : 1;

    if (argc < 2)
        return 2;
    for (int i = 0; i < repeats; i++) {
        nj_checksum c = {};
        uint64_t bytes = 0;
        nj_cpu begin = nj_cpu_now();
        if (!read_once(argv[1], c, bytes))
            return 1;
        nj_round_print((double)bytes, begin, &c);
    }
    return 0;
}
