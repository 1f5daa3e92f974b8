#!/usr/bin/env python3
"""cli_gates.py - baselines and gates as a user meets them: nights, acceptance, verdicts, files."""
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
import unittest

from cli import DATA, NIGHTJAR, ROOT, Cli, attr, request, span

try:
    import yaml
except ImportError:
    yaml = None

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
RATE_5TH = 0xcccccccccccccd  # threshold of a sampler that keeps one in five


def night(number, seed=None, slow=None, failing=None, agents=None, traces=60, model='m-1',
          is_sampled=False):
    """One night of traces: every agent works once in each, under no root that waits for it. Sampled: slow
    traces are all kept, one in five of the others, and their weights are recorded."""
    rng = random.Random(1000 + number if seed is None else seed)
    spans = []
    for t in range(traces):
        at = number * DAY + t * 1000
        trace = rng.getrandbits(128) + 1
        took = [200 * rng.lognormvariate(0, 0.3) * (slow or {}).get(agent, 1) for agent in agents or AGENTS]
        state = {}
        if is_sampled and max(took) > 330:
            state = {'traceState': 'ot=th:0'}
        elif is_sampled:
            if trace % 2**56 < RATE_5TH:
                continue
            state = {'traceState': f'ot=th:{RATE_5TH:x}'}
        for i, agent in enumerate(agents or AGENTS):
            more = dict(state)
            if rng.random() < (failing or {}).get(agent, 0.02):
                more['status'] = {'code': 2, 'message': f'{agent} broke'}
            spans.append(span(trace, i + 1, parent=1 if i else None, name=f'invoke_agent {agent}',
                              start=at, end=at + took[i], kind=1, attributes=[
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
        self.assertRegex(out, r'1 of \d+ checks failed; the worst: critic p50 latency')
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


class Nights(Gates):
    def test_the_night_of_a_change_is_dated_to_within_two_nights(self):
        self.baseline(6)
        for k in range(6, 9):
            self.night(k)
        for k in range(9, 13):
            self.night(k, '--report-only', slow={'critic': 1.25})
        red = [c for c in self.checks().values() if c['is_red']]
        self.assertEqual({c['agent'] for c in red}, {'critic'})
        dates = {c['since'] for c in red if c['since']}
        first = 1760000000 // 86400 + 9
        near = {time.strftime('%Y-%m-%d', time.gmtime((first + d) * 86400)) for d in range(-2, 3)}
        self.assertTrue(dates and dates <= near, (dates, near))

    def test_a_change_of_sampling_alone_is_no_change(self):
        self.baseline(6)
        for k in range(6, 10):
            self.night(k, traces=400, is_sampled=True)
        _, err = self.night(10, traces=400, is_sampled=True)
        self.assertIn('Sampling is another', err)
        self.assertIn('S017', err)
        self.night(11, traces=400, is_sampled=True, slow={'critic': 1.5}, code=1)

    def test_a_change_of_sampling_is_no_change_against_one_night_either(self):
        self.write('policy.yaml', POLICY.replace('min_nights: 5', 'min_nights: 1'))
        self.night(0, traces=400)
        for k in range(1, 4):
            self.night(k, traces=400, is_sampled=True)

    def test_another_model_is_said_loudly(self):
        self.baseline()
        out, err = self.night(7, model='m-2')
        self.assertIn('new: ?/m-2', err)
        self.assertIn(b'The models are not those', self.read('out/summary.md'))
        self.assertIn(b'The models are not those', self.read('out/report.html'))

    def test_an_agent_that_is_gone_is_missing_and_a_new_one_is_new(self):
        self.baseline()
        self.night(7, agents=[a for a in AGENTS if a != 'clerk'] + ['intern'], code=1)
        checks = self.checks()
        self.assertEqual(checks['clerk p50 latency']['verdict'], 'missing')
        self.assertEqual((checks['intern p50 latency']['verdict'], checks['intern p50 latency']['is_red']), ('new', 0))

    def test_a_waiver_holds_until_its_last_day_and_then_says_that_it_ended(self):
        self.baseline()
        self.write('policy.yaml', POLICY + 'waivers:\n  - {match: {agent: critic, metric: p50}, '
                                           'until: 2026-03-01, reason: new step}\n')
        self.night(8, '--now', '2026-03-01T12:00:00Z', slow={'critic': 1.8})
        self.assertEqual(self.checks()['critic p50 latency']['verdict'], 'waived')
        self.assertIn(b'waived until 2026-03-01: new step', self.read('out/junit.xml'))
        _, err = self.night(9, '--now', '2026-03-02T12:00:00Z', slow={'critic': 1.8}, code=1)
        self.assertIn('has ended', err)

    def test_fewer_traces_fail_a_gate_on_their_number(self):
        self.write('policy.yaml', 'version: 1\ngates: [{name: all, metrics: {traces: {max_decrease: 30%}}}]\n')
        for k in range(6):
            self.night(k, traces=60 + k % 3)
        out, _ = self.night(7, traces=20, code=1)
        self.assertIn('traces', out)

    def test_a_fleet_that_is_slower_as_a_whole_is_red(self):
        self.baseline(6)
        self.night(8, slow={a: 1.5 for a in AGENTS}, code=1)
        self.assertEqual(self.checks()['fleet p50 latency']['is_red'], 1)

    def test_too_few_traces_to_judge_anything_is_3(self):
        self.baseline()
        out, _ = self.night(8, traces=9, code=3)
        self.assertTrue(out.startswith('error: None of'))


class Safety(Gates):
    def test_accept_killed_at_any_moment_leaves_the_old_or_the_new_baseline(self):
        self.baseline(3)
        extra = [self.results(f'x{k}', night(20 + k)) for k in range(6)]
        rng = random.Random(4)
        for path in extra * 3:
            before = len(self.json('baseline', 'list', '-b', 'base.db')['nights'])
            process = subprocess.Popen([NIGHTJAR, 'accept', path, '-b', 'base.db', '--reason', 'r',
                                        '--allow-regress'], cwd=self.folder, stdout=subprocess.DEVNULL)
            time.sleep(rng.random() * 0.12)
            process.kill()
            process.wait()
            after = len(self.json('baseline', 'list', '-b', 'base.db')['nights'])
            self.assertIn(after, (before, before + 1))
        self.run_it('accept', *extra, '-b', 'base.db', '--reason', 'r', '--allow-regress')
        self.assertEqual(len(self.json('baseline', 'list', '-b', 'base.db')['nights']), 9)

    def test_acceptances_at_the_same_time_all_count(self):
        paths = [self.results(f'n{k}', night(k)) for k in range(6)]
        started = [subprocess.Popen([NIGHTJAR, 'accept', path, '-b', 'base.db', '--reason', 'r', '--allow-regress'],
                                    cwd=self.folder, stdout=subprocess.DEVNULL) for path in paths]
        self.assertEqual([p.wait() for p in started], [0] * 6)
        self.assertEqual(self.json('baseline', 'list', '-b', 'base.db')['accepted'], 6)
        self.assertEqual([f for f in os.listdir(self.folder) if '.lock' in f or '.tmp' in f], [])

    def test_old_nights_make_room(self):
        self.write('policy.yaml', POLICY.replace('min_nights: 5', 'min_nights: 2, nights: 3'))
        paths = [self.results(f'n{k}', night(k)) for k in range(5)]
        self.run_it('accept', *paths, '-b', 'base.db', '-p', 'policy.yaml', '--reason', 'r', '--allow-regress')
        shown = self.json('baseline', 'show', '-b', 'base.db')
        self.assertEqual((shown['accepted'], len(shown['events'])), (3, 5))

    def test_no_record_and_report_leave_the_baseline_as_it_is(self):
        self.baseline()
        before = self.read('base.db')
        self.night(8, '--no-record')
        self.run_it('report', 'out/results.db', '-p', 'policy.yaml', '-b', 'base.db', '-o', 'again')
        self.assertEqual(self.read('base.db'), before)

    def test_traces_that_cannot_be_read_leave_files_that_say_so(self):
        self.write('junk.jsonl', 'no traces here')
        self.run_it('run', self.write('a.jsonl', night(1)), '-o', 'out', '-q')
        self.run_it('run', 'junk.jsonl', '-o', 'out', code=3)
        self.assertIn(b'<error', self.read('out/junit.xml'))
        self.assertTrue(self.read('out/summary.md').startswith(b'## nightjar: error'))
        self.assertEqual(json.loads(self.read('out/results.json'))['verdict']['exit_code'], 3)

    def test_github_sees_failing_checks_at_the_line_of_the_policy(self):
        self.baseline()
        path = self.write('n.jsonl', night(8, slow={'critic': 1.8}))
        _, err = self.run_it('run', path, '-p', 'policy.yaml', '-b', 'base.db', '-o', 'out', code=1,
                             env={'GITHUB_ACTIONS': 'true'})
        self.assertIn('::error file=policy.yaml,line=8,title=critic p50 latency::', err)
        self.assertNotIn('::', self.run_it('run', path, '-p', 'policy.yaml', '-b', 'base.db', '-o', 'out', code=1)[1])


class Files(Gates):
    HOSTILE = ['a.b.c', '<script>alert(1)</script>', ']]>&amp;', '[[ATTACHMENT|/etc/passwd]]', 'x' * 300, 'tab\tline\nend',
               '\u202egnirts', 'quote"\'']

    def test_junit_is_valid_with_hostile_names_and_every_kind_of_result(self):
        names = self.HOSTILE
        for k in range(5):
            self.night(k, agents=names)
        self.night(6, agents=names[:-1] + ['novice'], slow={names[0]: 2, names[1]: 2}, code=1)
        text = self.read('out/junit.xml').decode()
        for kind in ('<failure type="regression"', '<failure type="missing"', '<skipped'):
            self.assertIn(kind, text)
        self.assertNotIn('[[', text)
        self.assertEqual(len(re.findall('<testcase ', text)),
                         len(set(re.findall(r'<testcase name="[^"]*" classname="[^"]*"', text))))
        for schema in ['jenkins-junit-10.xsd', 'windyroad-JUnit.xsd'] if DATA else []:
            done = subprocess.run(['xmllint', '--noout', '--schema', os.path.join(DATA, 'junit', schema),
                                   self.path('out/junit.xml')], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_the_same_nights_give_the_same_bytes(self):
        for name in ('one', 'two'):
            for k in range(7):
                path = self.write('night.jsonl', night(k))
                self.run_it('run', path, '-p', 'policy.yaml', '-b', name + '.db', '-o', name, '-q',
                            '--now', f'2026-03-0{k + 1}T02:00:00Z', '-j', '1' if name == 'one' else '2')
        for file in ('report.html', 'junit.xml', 'summary.md', 'results.json', 'results.db'):
            self.assertEqual(self.read('one', file), self.read('two', file), file)
        self.assertEqual(self.read('one.db'), self.read('two.db'))

    def test_new_kinds_of_errors_are_found_under_redaction_without_their_text(self):
        self.write('policy.yaml', POLICY + '      new_chains: {max: 0}\n')
        for k in range(5):
            self.night(k, '--redact', failing={a: 0 for a in AGENTS})
        self.night(6, '--redact', failing={**{a: 0 for a in AGENTS}, 'writer': 0.5}, code=1)
        self.assertEqual(self.checks()['new error chains']['verdict'], 'regressed')
        for file in ('report.html', 'junit.xml', 'summary.md', 'results.json', 'results.db', '../base.db'):
            self.assertNotIn(b'broke', self.read('out', file), file)

    def test_every_check_says_what_it_could_have_seen(self):
        self.baseline()
        self.night(7)
        compared = [c for c in self.checks().values() if c['rule'] == 'change' and c['verdict'] in
                    ('equivalent', 'inconclusive', 'improved') and c['metric'] == 'p50']
        self.assertEqual(len(compared), len(AGENTS))
        for check in compared:
            self.assertTrue(0.1 < check['detectable'] < 1 and check['change_lo'] < check['change'] < check['change_hi'])

    def test_a_policy_with_a_mistake_names_its_line(self):
        good = POLICY.split('\n')
        wrong = {2: 'baseline: {min_nights: 40, nights: 30}', 3: 'defaults: {fdr: 2}', 5: '  - nam: latency',
                 6: '    match: {agnt: "*"}', 7: '    metrix:', 8: '      p50: {max_increase: 10pp}',
                 9: '  - {name: errors, name: errors}', 12: '      new_chains: {max_increase: 5%}'}
        for line, text in wrong.items():
            path = self.write('p.yaml', '\n'.join(good[:line - 1] + [text] + good[line:]))
            _, err = self.run_it('check', '--print-policy', '-p', path, code=2)
            self.assertRegex(err, rf'p.yaml:{line}:\d+: ', text)


class Flames(Gates):
    """The flame graph of the page against the call trees of accepted nights."""

    def frames(self):
        """Of the page: {(variant, title up to the width): (mark, class of the shade)}; None: no shades."""
        page = self.read('out', 'report.html').decode()
        if 'id="c-change"' not in page:
            return None
        found = {}
        for variant, drawing in re.findall(r'<div class="variant v-(\w+)">(.*?)</svg>', page, re.S):
            for mark, title, shade in re.findall(r'<g data-mark="([^"]*)"><title>(.*?): .*?</title><rect [^>]*'
                                                 r'class="k-\w+ c-(\w+)"', drawing):
                found[variant, title] = mark.replace('\xa0', ' '), shade
        return found

    def test_frames_are_coloured_and_numbered_by_change_once_a_night_is_accepted(self):
        self.night(0)
        self.assertIsNone(self.frames())
        self.night(0, seed=5, slow={'critic': 2}, agents=AGENTS[:4] + ['scribe'])
        seen = self.frames()
        mark, shade = seen['self', 'critic \u00b7 invoke_agent critic']
        self.assertTrue(70 < int(re.fullmatch(r'\+(\d+) %', mark)[1]) < 140 and shade == 'up3', mark)
        self.assertEqual(seen['self', 'scribe \u00b7 invoke_agent scribe'], ('new', 'new'))
        self.assertEqual({title for (_, title), (_, shade) in seen.items() if shade == 'new'},
                         {'scribe \u00b7 invoke_agent scribe'})
        page = self.read('out', 'report.html').decode()
        self.assertRegex(page, r'<bdi>editor</bdi>.*>gone</td>')
        self.assertIn('than in the newest accepted night of the baseline', page)

    def test_a_night_against_itself_has_one_shade(self):
        self.night(0)
        self.night(0)
        self.assertEqual(set(self.frames().values()), {('', 'same')})

    def test_a_baseline_without_call_trees_is_read_and_compared_without_them(self):
        self.night(0)
        with sqlite3.connect(self.path('base.db')) as db:
            db.execute('DROP TABLE call_tree')
        self.night(1)
        self.assertIsNone(self.frames())
        self.night(2)
        self.assertIn('same', {shade for _, shade in self.frames().values()})

    def test_nights_that_were_sampled_otherwise_are_not_compared(self):
        self.night(0)
        self.night(1, traces=400, is_sampled=True)
        self.assertIsNone(self.frames())

    def test_the_baseline_keeps_the_trees_of_four_nights(self):
        for k in range(6):
            self.night(k)
        with sqlite3.connect(self.path('base.db')) as db:
            kept = [n for n, in db.execute('SELECT DISTINCT night FROM call_tree ORDER BY night')]
            self.assertEqual(db.execute('SELECT count(*) FROM nights').fetchone(), (6,))
        self.assertEqual(kept, [2, 3, 4, 5])


class Diff(Gates):
    def test_a_run_does_not_differ_from_itself(self):
        a = self.results('a', night(1))
        changes = self.json('diff', a, a)['changes']
        self.assertGreater(len(changes), 50)
        self.assertEqual({c['verdict'] for c in changes} - {'same', 'few'}, set())

    def test_what_changed_comes_first_in_every_format(self):
        a, b = self.results('a', night(1)), self.write('b.jsonl', night(2, slow={'critic': 1.8}))
        changes = self.json('diff', a, b)['changes']
        self.assertEqual(changes[0]['verdict'], 'worse')
        self.assertTrue(all('critic' in c['name'] for c in changes if c['verdict'] == 'worse'
                            and c['metric'] in ('p50', 'mean') and c['group_by'] == 'agent'))
        latency = [line for line in self.run_it('diff', a, b)[0].split('\n') if line.split()[1:2] == ['latency']]
        self.assertIn('critic', latency[0])
        self.assertTrue(self.run_it('diff', a, b, '-f', 'markdown')[0].startswith('| verdict |'))
        self.assertTrue(self.run_it('diff', a, b, '-f', 'csv')[0].startswith('verdict,'))

    def test_agents_and_edges_that_come_or_go_are_named(self):
        a = self.results('a', night(1))
        b = self.results('b', night(2, agents=AGENTS[:-1] + ['intern']))
        found = {(c['verdict'], c['group_by'], c['agent'] or c['key']) for c in self.json('diff', a, b)['changes']}
        self.assertLessEqual({('new', 'agent', 'intern'), ('gone', 'agent', 'clerk')}, found)
        self.assertIn('new', {v for v, by, _ in found if by == 'edge'})

    def test_diff_needs_two_inputs_that_can_be_read(self):
        self.run_it('diff', self.results('a', night(1)), code=2)
        self.run_it('diff', 'a.db', 'none.db', code=3)


class Recipes(Gates):
    """The recipes for CI systems: their YAML is read, their commands are run against a real repository."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(ROOT, 'fixtures/policy.yaml'), encoding='utf-8') as file:
            self.write('policy.yaml', file.read())
        os.makedirs(self.path('bin'))
        os.symlink(NIGHTJAR, self.path('bin/nightjar'))
        self.env = {**os.environ, 'PATH': self.path('bin') + ':' + os.environ['PATH'], 'HOME': self.folder,
                    'GITHUB_STEP_SUMMARY': '', 'GIT_CONFIG_NOSYSTEM': '1'}
        self.sh('git init -q -b main origin.git --bare && git clone -q origin.git work && cp policy.yaml work/', '.')
        fetch = '#!/bin/sh\nmkdir -p "$1" && cp ../night.jsonl "$1"/\n'
        self.write('work/fetch-traces', fetch)
        os.chmod(self.path('work/fetch-traces'), 0o755)
        self.sh('git add . && git -c user.name=a -c user.email=a@localhost commit -qm a && git push -q origin HEAD:main')

    def sh(self, text, folder='work', **env):
        done = subprocess.run(['bash', '-e', '-c', text], cwd=self.path(folder), env={**self.env, **env},
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, text + done.stderr)

    def fresh(self, number):
        self.sh('rm -rf work && git clone -q origin.git work', '.')
        self.write('night.jsonl', night(number))

    def nights(self, path):
        return len(self.json('baseline', 'list', '-b', path)['nights'])

    def recipe(self, name):
        with open(os.path.join(ROOT, 'docs/ci', name), encoding='utf-8') as file:
            return file.read()

    @unittest.skipUnless(yaml, 'python3-yaml is not there')
    def test_the_recipe_for_github_actions_keeps_the_baseline_on_a_branch(self):
        steps = yaml.safe_load(self.recipe('github-actions.yml'))['jobs']['nightly']['steps']
        for number in (1, 2):
            self.fresh(number)
            for step in steps:
                if 'run' in step:
                    self.sh(step['run'], os.path.join('work', step.get('working-directory', '.')))
            self.assertEqual(self.nights('work/nightly-baseline/baseline.db'), number)
            self.assertTrue(os.path.exists(self.path('work/report/junit.xml')))

    @unittest.skipUnless(yaml, 'python3-yaml is not there')
    def test_the_recipe_for_gitlab_keeps_the_baseline_on_a_branch(self):
        job = yaml.safe_load(self.recipe('gitlab-ci.yml'))['nightly-traces']
        for number in (1, 2):
            self.fresh(number)
            for part in ('before_script', 'script', 'after_script'):
                self.sh('\n'.join(job[part]), BASELINE_URL=self.path('origin.git'), CI_PIPELINE_ID=str(number))
            self.assertEqual(self.nights('work/nightly-baseline/baseline.db'), number)
        self.assertTrue(os.path.exists(self.path('work/' + job['artifacts']['reports']['junit'])))

    def test_the_recipe_for_jenkins_keeps_the_baseline_outside_the_workspace(self):
        text = self.recipe('Jenkinsfile')
        self.assertEqual(text.count('{') - text.count('}'), 0)
        steps = re.findall(r"sh '([^'\n]+)'", text) + re.findall(r"sh \'\'\'(.*?)\'\'\'", text, re.S)
        self.assertEqual(len(steps), 2)
        for number in (1, 2):
            self.fresh(number)
            for step in steps:
                self.sh(step, BASELINE=self.path('home/nightjar/job'))
            self.assertEqual(self.nights('home/nightjar/job/baseline.db'), number)


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
