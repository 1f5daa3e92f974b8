#!/usr/bin/env python3
"""documents.py - single documents of any size, to see that memory does not grow with them.
usage: documents.py jaeger|langfuse GIGABYTES > FILE
then:  /usr/bin/time -f '%e s, %M kB' nightjar import -q FILE -d big.db"""
import json
import sys

TRACE_SPANS = 5000
START_US = 1772359200000000
PAD = 'x' * 400


def jaeger_pieces():
    """One answer of the query API: traces of 5000 spans, the process behind them."""
    end = '],"processes":{"p1":{"serviceName":"svc","tags":[]}},"warnings":null}'
    number = 0
    yield '{"data":[{"traceID":"%032x","spans":[' % 1
    while True:
        trace, child = divmod(number, TRACE_SPANS)
        if child == 0 and number:
            yield end + ',\n{"traceID":"%032x","spans":[' % (trace + 1)
        span = {'traceID': '%032x' % (trace + 1), 'spanID': '%016x' % (number + 1),
                'operationName': 'op%d' % (child % 7), 'startTime': START_US + number * 10,
                'duration': 100 if child else 60000, 'processID': 'p1', 'logs': [],
                'references': [{'refType': 'CHILD_OF', 'traceID': '%032x' % (trace + 1),
                                'spanID': '%016x' % (trace * TRACE_SPANS + 1)}] if child else [],
                'tags': [{'key': 'pad', 'type': 'string', 'value': PAD}]}
        number += 1
        yield (',\n' if child else '\n') + json.dumps(span), end + ']}'


def langfuse_pieces():
    """One download of the UI: a single trace."""
    yield '{"trace":{"id":"%032x","timestamp":"2026-03-01T10:00:00.000Z"},"observations":[' % 7
    number = 0
    while True:
        observation = {'id': '%016x' % (number + 1), 'traceId': '%032x' % 7, 'name': 'chat',
                       'type': 'GENERATION' if number else 'AGENT',
                       'parentObservationId': '%016x' % 1 if number else None,
                       'startTime': '2026-03-01T10:00:%02d.%03dZ' % (number // 1000 % 60, number % 1000),
                       'endTime': '2026-03-01T10:01:00.000Z', 'input': PAD * 20,
                       'output': PAD * 20, 'usageDetails': {'input': 3, 'output': 1}}
        yield (',\n' if number else '\n') + json.dumps(observation), ']}'
        number += 1


def main():
    pieces = {'jaeger': jaeger_pieces, 'langfuse': langfuse_pieces}[sys.argv[1]]()
    left, end = float(sys.argv[2]) * 1e9, ''
    for piece in pieces:
        piece, end = piece if isinstance(piece, tuple) else (piece, end)
        left -= sys.stdout.write(piece)
        if left <= 0:
            break
    sys.stdout.write(end + '\n')


if __name__ == '__main__':
    main()
