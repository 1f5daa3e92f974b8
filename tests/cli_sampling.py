#!/usr/bin/env python3
"""cli_sampling.py - weights of traces as a user asks for them, and what is estimated with them."""
import json
import random
import sys
import unittest

from cli import Cli, attr, request, span


class Weights(Cli):
    def explain(self, *states):
        """What is said of traces 1, 2, ... with these tracestates."""
        lines = [request(span(number, 1, traceState=state)) for number, state in enumerate(states, 1)]
        path = self.write('traces.jsonl', '\n'.join(lines) + '\n')
        out = self.run_it('sampling', path, '--explain-weights', '--format', 'json')[0].splitlines()
        by_id = {int(trace['trace_id'], 16): trace for trace in map(json.loads, out)}
        return [by_id[number] for number in range(1, len(states) + 1)]

    def test_an_unreadable_rv_is_said_and_leaves_the_weight_of_the_threshold(self):
        both, alone, readable, below = self.explain('ot=rv:123;th:0', 'ot=rv:123', 'ot=rv:d0000000000000;th:c',
                                                    'ot=rv:123;th:8')
        self.assertEqual((both['status'], both['weight'], both['randomness']), ('invalid_rv', 1, 1))
        self.assertEqual((alone['status'], alone['weight']), ('unknown', None))
        self.assertEqual((readable['status'], readable['weight']), ('ok', 4))
        self.assertEqual((below['status'], below['weight']), ('inconsistent', None))


class Shown(Cli):
    def test_a_shown_trace_says_what_it_stands_for_and_errors_how_many_there_were(self):
        failed = {'status': {'code': 2}, 'traceState': 'ot=th:0'}
        path = self.write('traces.jsonl', '\n'.join([
            request(span(1, 1, **failed)), request(span(0xf3 << 48, 1, traceState='ot=th:f')),
            request(span(0xf4 << 48, 1, traceState='ot=p:63;r:5'))]) + '\n')
        self.assertIn('stands for about 16 traces', self.run_it('show', path, f'{0xf3 << 48:032x}')[0])
        self.assertNotIn('stands for', self.run_it('show', path, f'{1:032x}')[0])
        self.assertIn('other reasons than chance', self.run_it('show', path, f'{0xf4 << 48:032x}')[0])
        lines = [line.split() for line in self.run_it('errors', path)[0].splitlines()]
        self.assertEqual(lines[1][:3], ['3', '1', '17'])


class Limits(Cli):
    def test_no_time_share_or_count_has_a_limit_below_zero(self):
        """Two traces, of which one takes a thousand times as long."""
        spans = [span(trace, number, parent=1 if number > 1 else None, name=f'invoke_agent {agent}', start=0, end=end,
                      traceState=f'ot=th:8;rv:fffffffffffff{trace}', attributes=[
                          attr('gen_ai.operation.name', 'invoke_agent'), attr('gen_ai.agent.name', agent)])
                 for trace, scale in ((1, 1), (2, 1000))
                 for number, agent, end in ((1, 'planner', 20 * scale), (2, 'coder', 15 * scale))]
        path = self.write('traces.jsonl', request(*spans) + '\n')
        self.run_it('analyze', path, '-o', 'results.db', '-q')
        results = json.loads(self.report('out', path)['results.json'])

        def below_zero(value, where):
            if isinstance(value, dict):
                return [found for key, inner in value.items() for found in below_zero(inner, f'{where}.{key}')]
            if isinstance(value, list):
                return [found for inner in value for found in below_zero(inner, where)]
            is_limit = where.rsplit('.', 1)[-1] in ('lo', 'hi') or where.endswith(('_lo', '_hi'))
            return [where] if is_limit and 'bias' not in where and value is not None and value < 0 else []
        self.assertEqual(below_zero(results, ''), [])


class Stratified(Cli):
    """A sampler that counted what it saw but recorded no rates: one of ten fast traces kept, one of two slow ones."""
    POLICY = {'strata': [{'name': 'slow', 'population': 60, 'when': {'duration_over': '1s'}},
                         {'name': 'fast', 'population': 400}]}

    def setUp(self):
        super().setUp()
        self.policy = self.write('policy.json', json.dumps(self.POLICY))
        rng = random.Random(5)
        self.fast = [100 + rng.randrange(800) for _ in range(40)]
        self.slow = [1100 + rng.randrange(5000) for _ in range(30)]
        spans = []
        for number, took in enumerate(self.fast + self.slow, 1):
            failed = {'status': {'code': 2}} if took % 4 == 0 else {}
            spans.append(span(number, 1, start=1000 * number, end=1000 * number + took, **failed))
        self.traces = self.write('traces.jsonl', request(*spans) + '\n')

    def test_known_numbers_of_strata_are_no_estimate_and_give_the_weights(self):
        got = self.json('sampling', self.traces, '--sampling-policy', self.policy)
        self.assertEqual(got['mode'], 'stratified')
        self.assertEqual(got['estimated_traces'], {'est': 460, 'lo': 460, 'hi': 460})
        self.assertEqual(got['weights']['sources'], {'strata:fast': 40 / 70, 'strata:slow': 30 / 70})
        shares = {row['stratum']: row['estimated_share'] for row in got['strata']}
        self.assertAlmostEqual(shares['slow'], 60 / 460)
        rows = {row['metric']: row for row in got['rows'] if row['agent'] == '*'}
        values = [(took * 1000000, 10) for took in self.fast] + [(took * 1000000, 2) for took in self.slow]
        self.assertAlmostEqual(rows['mean']['weighted'], sum(v * w for v, w in values) / 460, places=3)
        failed = sum(w for v, w in values if v // 1000000 % 4 == 0) / 460
        self.assertAlmostEqual(rows['error_rate']['weighted'], failed)
        self.assertEqual([w['id'] for w in got['warnings'] if w['id'] in ('S001', 'S003', 'S004', 'S019')], [])
        self.assertIn('stratified', self.run_it('sampling', self.traces, '--sampling-policy', self.policy)[0])

    def test_the_mean_is_surer_than_with_rates_of_the_same_weights(self):
        """Which only chance would have kept: there the numbers of slow and fast traces vary as well."""
        rates = self.write('rates.json', json.dumps({'rules': [
            {'name': 'slow', 'rate': 0.5, 'when': {'duration_over': '1s'}}, {'name': 'fast', 'rate': 0.1}]}))

        def width(policy):
            rows = self.json('sampling', self.traces, '--sampling-policy', policy)['rows']
            row = next(row for row in rows if row['agent'] == '*' and row['metric'] == 'mean')
            return row['weighted'], row['hi'] - row['lo']
        known, chance = width(self.policy), width(rates)
        self.assertAlmostEqual(known[0], chance[0], places=3)
        self.assertLess(known[1], 0.6 * chance[1])

    def test_other_analyzers_use_the_same_weights(self):
        rows = self.json('latency', self.traces, '--sampling-policy', self.policy, '--by', 'root')['rows']
        self.assertEqual([(row['n'], row['weight']) for row in rows], [(70, 460)])

    def test_strata_without_a_stored_trace_and_with_too_many_are_warned_of(self):
        policy = self.write('odd.json', json.dumps({'strata': [
            {'name': 'none', 'population': 9, 'when': {'agent': 'nobody'}},
            {'name': 'slow', 'population': 20, 'when': {'duration_over': '1s'}}]}))
        got = self.json('sampling', self.traces, '--sampling-policy', policy)
        counts = {warning['id']: warning['count'] for warning in got['warnings']}
        self.assertEqual((counts['S019'], counts['S003']), (1, 30))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
