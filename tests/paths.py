#!/usr/bin/env python3
"""paths.py - what `nightjar critical-path` prints, segment for segment, against the model of path_model.py."""
import json
import os
import random
import subprocess
import unittest

from path_model import MS, Span, Trace, segments

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NIGHTJAR = os.environ.get('NIGHTJAR', os.path.join(ROOT, 'build/release/nightjar'))
FIXTURES = os.path.join(ROOT, 'fixtures')
BASE = 1760000000 * 1000000000
KINDS = {'INTERNAL': 1, 'SERVER': 2, 'CLIENT': 3, 'PRODUCER': 4, 'CONSUMER': 5}
OPERATIONS = {'agent': 'invoke_agent', 'llm': 'chat', 'tool': 'execute_tool'}


def attr(key, value):
    return {'key': key, 'value': {'stringValue': value}}


def messages(role, kind, ids):
    return json.dumps([{'role': role, 'parts': [{'type': kind, 'id': i, 'name': 'look', 'arguments': '{}',
                                                 'response': 'ok'} for i in ids]}])


def otlp(span, trace):
    attrs = [attr('gen_ai.operation.name', OPERATIONS[span.what]), attr('gen_ai.agent.name', f'a{span.id % 5}')]
    if span.asks:
        attrs.append(attr('gen_ai.output.messages', messages('assistant', 'tool_call', span.asks)))
    if span.told:
        attrs.append(attr('gen_ai.input.messages', messages('tool', 'tool_call_response', span.told)))
    if span.serves:
        attrs.append(attr('gen_ai.tool.call.id', span.serves))
    out = {'traceId': f'{trace:032x}', 'spanId': f'{span.id:016x}', 'name': f's{span.id}', 'kind': KINDS[span.kind],
           'startTimeUnixNano': str(BASE + span.start), 'endTimeUnixNano': str(BASE + span.end), 'attributes': attrs}
    if span.parent is not None:
        out['parentSpanId'] = f'{span.parent:016x}'
    if span.links:
        out['links'] = [{'traceId': f'{trace:032x}', 'spanId': f'{i:016x}'} for i in span.links]
    return out


def line(spans, trace):
    return json.dumps({'resourceSpans': [{
        'resource': {'attributes': [attr('service.name', 'shop')]},
        'scopeSpans': [{'spans': [otlp(s, trace) for s in spans]}]}]})


def ask(traces, *words):
    """What the program says of {trace number: spans}: {trace number: its line}."""
    text = '\n'.join(line(spans, number) for number, spans in traces.items())
    done = subprocess.run([NIGHTJAR, 'critical-path', '-', '--per-trace', '--format', 'json', '-q', *words],
                          input=text.encode(), capture_output=True, check=True, timeout=200)
    return {int(got['trace_id'], 16): got for got in map(json.loads, done.stdout.splitlines())}


def told(got):
    return [(int(s['span_id'], 16), s['start_ns'] - BASE, s['end_ns'] - BASE, s['part'], s['evidence'])
            for s in got['segments']]


def random_spans(rng):
    """A trace of a few spans on few instants, so that ties, touching and empty spans are common."""
    grid, step = rng.choice([(8, MS), (20, MS), (40, 30 * MS), (12, 1)])
    ids = rng.sample(range(1, 400), rng.randint(1, 22))
    spans, mode = [], rng.choice(['tidy', 'tidy', 'ragged', 'wild'])
    for k, number in enumerate(ids):
        parent = rng.choice(spans) if k and rng.random() > 0.07 else None
        low, high = (parent.start // step, parent.end // step) if parent else (0, grid)
        if mode == 'ragged':
            low, high = max(0, low - 2), high + 2
        if mode == 'wild' and rng.random() < 0.2:
            low, high = 0, grid
        start, end = sorted(rng.randint(low, max(low, high)) for _ in range(2))
        if not parent and rng.random() < 0.8:
            start, end = 0, grid
        kind = rng.choice(['INTERNAL'] * 8 + ['PRODUCER', 'CONSUMER'])
        spans.append(Span(number, parent.id if parent else None, start * step, end * step, kind,
                          what=rng.choice(list(OPERATIONS))))
    for s in spans:
        if rng.random() < 0.05:
            s.parent = rng.choice([999, 998, rng.choice(ids)])
        if rng.random() < 0.02:
            s.end = s.start - step
    for _ in range(rng.choice([0, 0, 1, 3, 6])):
        rng.choice(spans).links.append(rng.choice(ids))
    calls(rng, spans)
    rng.shuffle(spans)
    return spans


def calls(rng, spans):
    """Tool calls between spans whose starts are in order and differ."""
    for n in range(rng.choice([0, 0, 1, 2, 5])):
        asks, serves, hears = (rng.choice(spans) for _ in range(3))
        if asks.start < serves.start < hears.start and not serves.serves and asks.what == hears.what == 'llm':
            serves.what, serves.serves = 'tool', f'call_{n}'
            asks.asks.append(f'call_{n}')
            if rng.random() < 0.7:
                hears.told.append(f'call_{n}')


def copy(spans):
    return [Span(s.id, s.parent, s.start, s.end, s.kind, s.links, s.asks, s.serves, s.told, s.what) for s in spans]


class Paths(unittest.TestCase):
    def check(self, traces, *words, overrun='auto', scope='root'):
        got = ask(traces, '--skew', 'off', '--overrun', overrun, '--scope', scope, *words)
        self.assertEqual(sorted(got), sorted(traces))
        for number, spans in traces.items():
            trace = Trace(copy(spans), overrun)
            with self.subTest(trace=number, overrun=overrun, scope=scope):
                shown = '\n'.join(f'{s.id}<{s.parent} [{s.start},{s.end}] {s.kind} {s.what} links={s.links} '
                                  f'asks={s.asks} serves={s.serves} told={s.told}' for s in spans)
                self.assertEqual(told(got[number]), segments(trace, scope), shown)
                self.assertEqual(got[number]['complete'], trace.complete, shown)
                self.assertEqual(int(got[number]['root_span_id'], 16), trace.root.id)

    def test_equals_the_model_on_random_traces(self):
        rng = random.Random(int(os.environ.get('NJ_SEED', '1')))
        traces = {n: random_spans(rng) for n in range(1, int(os.environ.get('NJ_TRACES', '300')) + 1)}
        for overrun in ['clip', 'auto', 'detach']:
            for scope in ['root', 'trace']:
                self.check(traces, overrun=overrun, scope=scope)

    def test_is_what_a_person_works_out(self):
        """[spans], scope, overrun, answer: span and milliseconds, in the order of time."""
        def make(number, parent, start, end, **more):
            return Span(number, parent, start * MS, end * MS, **more)

        streaming = [make(1, None, 0, 1000), make(2, 1, 10, 600, what='llm', asks=['c1', 'c2']),
                     make(3, 1, 300, 700, what='tool', serves='c1'), make(4, 1, 700, 980, what='tool', serves='c2')]
        loop = [make(1, None, 0, 1000), make(2, 1, 10, 200, what='llm'), make(3, 1, 200, 600), make(4, 1, 200, 850),
                make(5, 1, 200, 450), make(6, 1, 850, 990, what='llm')]
        cases = [
            ([make(1, None, 0, 100), make(2, 1, 0, 50), make(3, 1, 50, 100)], 'root', 'auto', '2 50, 3 50'),
            (loop, 'root', 'auto', '1 10, 2 190, 4 650, 6 140, 1 10'),
            ([make(1, None, 50, 150), make(2, 1, 20, 180)], 'root', 'clip', '2 100'),
            ([make(1, None, 50, 150), make(2, 1, 20, 180)], 'root', 'auto', '1 100'),
            ([make(1, None, 0, 100), make(2, 1, 10, 90), make(3, 1, 40, 90)], 'root', 'auto', '1 10, 2 80, 1 10'),
            ([make(1, None, 0, 100), make(8, 1, 10, 90), make(3, 1, 10, 90)], 'root', 'auto', '1 10, 3 80, 1 10'),
            ([make(2, 9, 0, 40), make(3, 9, 50, 100)], 'root', 'auto', '2 40, 9 10, 3 50'),
            ([make(1, None, 0, 50), make(2, None, 60, 120, links=[1])], 'trace', 'auto', '1 50, 2 wait 10, 2 60'),
            ([make(1, None, 0, 50), make(2, None, 60, 120)], 'trace', 'auto', '1 50, 2 gap 10, 2 60'),
            ([make(1, None, 0, 100), make(2, 1, 50, 150)], 'trace', 'auto', '1 50, 2 100'),
            (streaming, 'root', 'auto', '1 10, 2 290, 3 400, 4 280, 1 20'),
        ]
        for spans, scope, overrun, want in cases:
            got = ask({1: copy(spans)}, '--scope', scope, '--overrun', overrun, '--skew', 'off')[1]
            shown = ', '.join(f'{number} {"" if part == "self" else part + " "}{(end - start) // MS}'
                              for number, start, end, part, _ in told(got))
            self.assertEqual(shown, want)
            self.check({1: spans}, overrun=overrun, scope=scope)

    def test_every_division_adds_up_to_the_nanosecond(self):
        rng = random.Random(7)
        traces = {n: random_spans(rng) for n in range(1, 60)}
        text = '\n'.join(line(spans, number) for number, spans in traces.items()).encode()
        for scope in ['root', 'trace']:
            whole = sum(g['duration_ns'] for g in ask(traces, '--scope', scope).values())
            for by in ['agent', 'operation', 'kind', 'path']:
                done = subprocess.run([NIGHTJAR, 'critical-path', '-', '--by', by, '--scope', scope, '--format', 'json',
                                       '-q'], input=text, capture_output=True, check=True, timeout=100)
                rows = [r for r in json.loads(done.stdout)['rows'] if r['scope'] == scope]
                self.assertEqual(sum(r['critical_ns'] for r in rows), whole, (scope, by))

    def test_paths_of_real_traces_touch_and_add_up(self):
        """Of the fixtures, and of a folder of one's own in NIGHTJAR_DATA."""
        seen = 0
        for folder in filter(None, [FIXTURES, os.environ.get('NIGHTJAR_DATA')]):
            for scope in ['root', 'trace']:
                for path in sorted(os.path.join(top, f) for top, _, files in os.walk(folder) for f in files):
                    done = subprocess.run([NIGHTJAR, 'critical-path', path, '--per-trace', '--format', 'json', '-q',
                                           '--scope', scope], capture_output=True, check=False, timeout=100)
                    self.assertIn(done.returncode, [0, 3], path)
                    for got in map(json.loads, done.stdout.splitlines()):
                        at, seen = got['start_ns'], seen + 1
                        for segment in got['segments']:
                            self.assertEqual(segment['start_ns'], at, path)
                            self.assertGreater(segment['end_ns'], at)
                            at = segment['end_ns']
                        self.assertEqual(at, got['end_ns'], path)
        self.assertGreater(seen, 20)


if __name__ == '__main__':
    unittest.main()
