#!/usr/bin/env python3
"""by_hand.py - the numbers of the demonstration, worked out a second time from the raw lines of the fixtures with
nothing but JSON and arithmetic."""
import json
import math
import os
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NIGHTJAR = os.environ.get('NIGHTJAR', os.path.join(ROOT, 'build/release/nightjar'))
TRACES = os.path.join(ROOT, 'fixtures/traces')


def plain(value):
    """An attribute's value without its type."""
    kind, inner = next(iter(value.items()))
    return int(inner) if kind == 'intValue' else inner


def read(name):
    """Spans of a file as dictionaries, attributes joined in."""
    spans = []
    with open(os.path.join(TRACES, name), encoding='utf-8') as file:
        for line in file:
            for resource in json.loads(line)['resourceSpans']:
                for scope in resource['scopeSpans']:
                    for span in scope['spans']:
                        attributes = {a['key']: plain(a['value']) for a in span.get('attributes', [])}
                        spans.append({**attributes, **{k: v for k, v in span.items() if k != 'attributes'}})
    return spans


def duration(span):
    return int(span['endTimeUnixNano']) - int(span['startTimeUnixNano'])


def quantile(values, p):
    """The smallest value that p of them do not exceed."""
    return sorted(values)[max(0, math.ceil(p * len(values)) - 1)]


def nightjar(*words):
    return subprocess.run([NIGHTJAR, *words], check=True, capture_output=True, timeout=100).stdout.decode()


class ByHand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {name: read(name) for name in sorted(os.listdir(TRACES))}
        cls.spans = [span for spans in cls.files.values() for span in spans]

    def json(self, command, *words):
        return json.loads(nightjar(command, TRACES, '--format', 'json', *words))

    def lines(self, command):
        return {trace['trace_id']: trace for trace in
                map(json.loads, nightjar(command, TRACES, '--per-trace', '--format', 'json').splitlines())}

    def test_spans_traces_and_errors_are_as_many_as_lines_hold(self):
        info = self.json('info')
        self.assertEqual(info['spans'], len(self.spans))
        self.assertEqual(info['traces'], len({span['traceId'] for span in self.spans}))
        self.assertEqual(sum(kind['errors'] for kind in info['kinds']),
                         sum(span.get('status', {}).get('code') == 2 for span in self.spans))
        by_file = {os.path.basename(i['path']): i['spans'] for i in info['inputs']}
        self.assertEqual(by_file, {name: len(spans) for name, spans in self.files.items()})

    def test_every_critical_path_lasts_as_long_as_its_root(self):
        roots = {}
        for span in self.spans:
            if not span.get('parentSpanId') and duration(span) > duration(roots.get(span['traceId'], span)) - 1:
                roots[span['traceId']] = span
        for trace, path in self.lines('critical-path').items():
            self.assertEqual(sum(s['end_ns'] - s['start_ns'] for s in path['segments']), path['duration_ns'])
            if path['complete']:
                self.assertEqual(path['root_span_id'], roots[trace]['spanId'])
                self.assertEqual(path['duration_ns'], duration(roots[trace]))

    def test_agents_that_spans_name_have_the_percentiles_of_their_spans(self):
        named = {}
        for span in self.files['triage_ai_sdk.jsonl']:
            if span.get('gen_ai.operation.name') == 'invoke_agent':
                named.setdefault(span['gen_ai.agent.name'], []).append(span)
        rows = {row['agent']: row for row in self.json('latency')['rows']}
        self.assertGreater(len(named), 2)
        for agent, spans in named.items():
            durations = [duration(span) for span in spans]
            row = rows[agent]
            self.assertEqual((row['n'], row['min'], row['max']), (len(spans), min(durations), max(durations)))
            self.assertAlmostEqual(row['mean']['est'], sum(durations) / len(durations), places=3)
            for q in row['quantiles']:
                self.assertEqual(q['est'], quantile(durations, q['p']), (agent, q['p']))

    def test_tokens_are_the_sums_of_the_model_calls(self):
        want = [0, 0]
        for span in self.spans:
            kind = span.get('openinference.span.kind')
            is_call = kind == 'LLM' or span.get('gen_ai.operation.name') == 'chat'
            if is_call:
                want[0] += span.get('llm.token_count.prompt', span.get('gen_ai.usage.input_tokens', 0))
                want[1] += span.get('llm.token_count.completion', span.get('gen_ai.usage.output_tokens', 0))
        store, = self.json('tokens', '--by', 'store')['rows']
        self.assertEqual([store['input'], store['output']], want)
        self.assertGreater(want[0], 1000)


if __name__ == '__main__':
    unittest.main(verbosity=0)
