#!/usr/bin/env python3
"""shapes.py - one trace of extreme shape as OTLP JSON lines on standard output: deep (each span inside the one
before), wide (all below one, overlapping), same (all below one, at the same times)."""
import argparse
import json
import sys

BASE = 1760000000 * 1000000000
KINDS = ['invoke_agent', 'chat', 'execute_tool']


def times(shape, i, n):
    if shape == 'deep':
        return i * 1000, (2 * n - i) * 1000
    if i == 0:
        return 0, 2 * n * 1000
    return (i * 1000, i * 1000 + i * 7919 % 5000) if shape == 'wide' else (1000, 5000000)


def span(shape, i, n):
    start, end = times(shape, i, n)
    out = {'traceId': f'{1:032x}', 'spanId': f'{i + 1:016x}', 'name': f'op{i % 7}',
           'startTimeUnixNano': str(BASE + start), 'endTimeUnixNano': str(BASE + end),
           'attributes': [{'key': 'gen_ai.agent.name', 'value': {'stringValue': f'a{i % 5}'}},
                          {'key': 'gen_ai.operation.name', 'value': {'stringValue': KINDS[i % 3]}}]}
    if i:
        out['parentSpanId'] = f'{i if shape == "deep" else 1:016x}'
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('shape', choices=['deep', 'wide', 'same'])
    parser.add_argument('spans', type=int)
    options = parser.parse_args()
    for first in range(0, options.spans, 500):
        spans = [span(options.shape, i, options.spans) for i in range(first, min(first + 500, options.spans))]
        json.dump({'resourceSpans': [{'scopeSpans': [{'spans': spans}]}]}, sys.stdout)
        print()


if __name__ == '__main__':
    main()
