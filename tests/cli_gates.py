#!/usr/bin/env python3
"""cli_gates.py - baselines and gates as a user meets them: nights, acceptance, verdicts, files."""
import os
import random
import sqlite3
import sys
import unittest

from cli import DATA, Cli, attr, request, span

POLICY = '''version: 1
baseline: {min_nights: 5}
defaults: {min_traces: 40}
gates:
  - name: latency
    match: {agent: "*"}
    metrics:
      p50: {max_increase: 10%}
  - name: errors
    match: {agent: "*"}
    metrics:
      error_rate: {max_increase: 5pp}
'''
AGENTS = ['planner', 'writer', 'critic', 'searcher', 'editor', 'clerk']
DAY = 86400000


def night(number, seed=None, slow=None, failing=None, agents=None, traces=60, model='m-1'):
    """One night of traces: every agent works once in each, under no root that waits for it."""
    rng = random.Random(1000 + number if seed is None else seed)
    spans = []
    for t in range(traces):
        at = number * DAY + t * 1000
        trace = rng.getrandbits(120) + 1
        for i, agent in enumerate(agents or AGENTS):
            took = 200 * rng.lognormvariate(0, 0.3) * (slow or {}).get(agent, 1)
            more = {}
            if rng.random() < (failing or {}).get(agent, 0.02):
                more = {'status': {'code': 2, 'message': f'{agent} broke'}}
            spans.append(span(trace, i + 1, parent=1 if i else None, name=f'invoke_agent {agent}',
                              start=at, end=at + took, kind=1, attributes=[
                                  attr('gen_ai.operation.name', 'invoke_agent'),
                                  attr('gen_ai.agent.name', agent),
                                  attr('gen_ai.request.model', model)], **more))
    return request(*spans)


class Gates(Cli):
    def setUp(self):
        super().setUp()
        self.policy = self.write('policy.yaml', POLICY)

    def results(self, name, content, *words):
        path = self.write(name + '.jsonl', content)
        self.run_it('analyze', path, '-o', name + '.db', '-q', *words)
        return name + '.db'

    def night(self, number, *words, code=0, **what):
        """Runs one night against the baseline; its verdict as the program says it."""
        path = self.write('night.jsonl', night(number, **what))
        return self.run_it('run', path, '-p', 'policy.yaml', '-b', 'base.db', '-o', 'out', *words, code=code)

    def baseline(self, nights=5):
        paths = [self.results(f'n{k}', night(k)) for k in range(nights)]
        self.run_it('accept', *paths, '-b', 'base.db', '-p', 'policy.yaml', '--reason', 'quiet nights',
                    '--allow-regress')

    def checks(self, path='out/results.db'):
        with sqlite3.connect(self.path(path)) as db:
            db.row_factory = sqlite3.Row
            return {row['name']: dict(row) for row in db.execute('SELECT * FROM checks')}


class Baseline(Gates):
    def test_the_first_nights_are_accepted_as_they_come_and_say_that_they_only_learn(self):
        for k in range(5):
            out, err = self.night(k)
            self.assertTrue(out.startswith('learning: '), out)
            self.assertIn(f'({k} of 5 nights)', out)
            self.assertIn(f'accepted as night {k + 1} of the first 5', err)
        self.assertTrue(self.night(5)[0].startswith('pass: '))
        self.assertTrue(self.night(6, slow={'critic': 1.6}, code=1)[0].startswith('fail: '))
        shown = self.json('baseline', 'show', '-b', 'base.db')
        self.assertEqual([n['state'] for n in shown['nights']], ['accepted'] * 5 + ['seen'] * 2)
        self.assertEqual([e['action'] for e in shown['events']], ['bootstrap'] * 5)

    def test_a_slow_agent_is_found_and_named_and_the_others_are_not(self):
        self.baseline()
        out, _ = self.night(9, slow={'critic': 1.6}, code=1)
        self.assertIn('1 of 26 checks failed; the worst: critic p50 latency', out)
        self.assertEqual([c['agent'] for c in self.checks().values() if c['is_red']], ['critic'])

    def test_the_same_night_again_is_green_and_recorded_once(self):
        self.baseline()
        for _ in range(3):
            self.night(8)
        self.assertEqual(len(self.json('baseline', 'list', '-b', 'base.db')['nights']), 6)
        self.run_it('check', 'n1.db', '-p', 'policy.yaml', '-b', 'base.db')
        self.assertEqual(len(self.json('baseline', 'list', '-b', 'base.db')['nights']), 6)

    def test_more_errors_are_found(self):
        self.baseline()
        out, _ = self.night(9, failing={'writer': 0.5}, code=1)
        self.assertIn('writer error rate', out)

    def test_accept_refuses_what_is_worse_and_says_what_that_is(self):
        self.baseline()
        worse = self.results('worse', night(9, slow={'critic': 1.8}))
        before = self.read('base.db')
        out, err = self.run_it('accept', worse, '-b', 'base.db', '--reason', 'why not', code=1)
        self.assertIn('worse: critic p50 latency', out)
        self.assertIn('--allow-regress', err)
        self.assertEqual(self.read('base.db'), before)
        self.run_it('accept', worse, '-b', 'base.db', '--reason', 'new model', '--allow-regress')
        events = self.json('baseline', 'show', '-b', 'base.db')['events']
        self.assertEqual(events[-1]['reason'], 'new model')

    def test_accept_needs_a_reason_and_results(self):
        self.run_it('accept', self.results('a', night(1)), '-b', 'base.db', code=2)
        self.write('junk', 'junk')
        self.run_it('accept', 'junk', '-b', 'base.db', '--reason', 'x', code=3)
        self.assertFalse(os.path.exists(self.path('base.db')))

    def test_a_night_can_be_taken_out_and_that_is_remembered(self):
        self.baseline(2)
        first = self.json('baseline', 'list', '-b', 'base.db')['nights'][0]['night']
        self.run_it('baseline', 'remove', first[:8], '-b', 'base.db', code=2)
        self.run_it('baseline', 'remove', first[:8], '-b', 'base.db', '--reason', 'load test')
        shown = self.json('baseline', 'show', '-b', 'base.db')
        self.assertNotIn(first, [n['night'] for n in shown['nights']])
        self.assertEqual((shown['events'][-1]['action'], shown['events'][-1]['reason']), ('remove', 'load test'))

    def test_a_required_baseline_that_is_missing_or_broken_is_3_and_files_say_so(self):
        for words in [('-b', 'none.db', '--require-baseline'), ('--require-baseline',), ('-b', 'junk')]:
            self.write('junk', 'junk ' * 100)
            path = self.write('a.jsonl', night(1))
            self.run_it('run', path, '-p', 'policy.yaml', '-o', 'out', *words, code=3)
            self.assertIn(b'<error', self.read('out/junit.xml'))
            self.assertIn(b'nightjar: error', self.read('out/summary.md'))
        self.assertFalse(os.path.exists(self.path('none.db')))


@unittest.skipUnless(DATA, 'NIGHTJAR_DATA is not there')
class Regression(Gates):
    def test_the_slow_researcher_is_found_and_named_and_the_baseline_is_green_against_itself(self):
        folder = os.path.join(DATA, 'regression')
        policy = os.path.join(folder, 'policy.yaml')
        self.run_it('analyze', os.path.join(folder, 'baseline.jsonl'), '-o', 'b.db', '-q')
        self.run_it('accept', 'b.db', '-b', 'base.db', '--reason', 'first')
        slow = os.path.join(folder, 'candidate_slow_researcher.jsonl')
        out, _ = self.run_it('run', slow, '-p', policy, '-b', 'base.db', '-o', 'slow', code=1)
        self.assertIn('the worst: researcher p50 latency', out)
        out, _ = self.run_it('run', os.path.join(folder, 'baseline.jsonl'), '-p', policy, '-b', 'base.db', '-o', 'same')
        self.assertTrue(out.startswith('pass: '))
        self.run_it('analyze', slow, '-o', 'c.db', '-q')
        self.assertIn('worse: researcher p50', self.run_it('accept', 'c.db', '-b', 'base.db', '--reason', 'x', code=1)[0])


if __name__ == '__main__':
    wanted = sys.argv[1:]
    sys.argv = sys.argv[:1] + wanted
    unittest.main(verbosity=0)
