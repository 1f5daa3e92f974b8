#!/usr/bin/env python3
"""cli.py - the program as a user runs it: commands, exit codes, files, determinism."""
import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NIGHTJAR = os.environ.get('NIGHTJAR', os.path.join(ROOT, 'build/release/nightjar'))
TRACES = os.path.join(ROOT, 'fixtures/traces')
PROTOBUF = os.path.join(ROOT, 'fixtures/protobuf')
DATA = os.environ.get('NIGHTJAR_DATA', '')
NOW = ['--now', '2026-11-23T02:00:00Z']
REPORT = ['junit.xml', 'report.css', 'report.html', 'results.db', 'results.json', 'summary.md']
ANALYZERS = ['critical-path', 'latency', 'errors', 'sampling', 'calls', 'tokens', 'behaviour']


def span(trace=1, number=1, parent=None, name='work', start=1000, end=2000, **more):
    """An OTLP span; times in milliseconds after some point in 2025."""
    base = 1760000000000
    out = {'traceId': f'{trace:032x}', 'spanId': f'{number:016x}', 'name': name,
           'startTimeUnixNano': str((base + start) * 1000000),
           'endTimeUnixNano': str((base + end) * 1000000)}
    if parent:
        out['parentSpanId'] = f'{parent:016x}'
    out.update(more)
    return out


def attr(key, value):
    return {'key': key, 'value': {'stringValue': value}}


def request(*spans, service='shop'):
    return json.dumps({'resourceSpans': [{
        'resource': {'attributes': [attr('service.name', service)]},
        'scopeSpans': [{'scope': {'name': 'test'}, 'spans': list(spans)}]}]})


class Cli(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)

    def read(self, *names):
        with open(os.path.join(self.folder, *names), 'rb') as file:
            return file.read()

    def run_it(self, *words, code=0, stdin=b'', env=None):
        done = subprocess.run([NIGHTJAR, *words], input=stdin, capture_output=True, check=False,
                              cwd=self.folder, timeout=100,
                              env={**os.environ, 'GITHUB_STEP_SUMMARY': '', **(env or {})})
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def json(self, *words):
        return json.loads(self.run_it(*words, '--format', 'json')[0])

    def report(self, folder, *words, code=0):
        self.run_it('run', *words, '-q', '-o', folder, *NOW, code=code)
        return {name: self.read(folder, name) for name in REPORT}


class Commands(Cli):
    def test_every_command_explains_itself_with_a_working_first_line(self):
        out, _ = self.run_it('help')
        names = re.findall(r'^  ([a-z-]+) {2,}', out, re.M)
        self.assertIn('run', names)
        for name in names:
            text, _ = self.run_it('help', name)
            self.assertIn(f'usage: nightjar {name}', text)
            self.assertEqual(self.run_it(name, '--help')[0], text)
            self.assertIn('# NAME', self.run_it('help', 'manual', name)[0])

    def test_every_analyzer_prints_text_json_and_csv(self):
        for name in ANALYZERS:
            self.assertGreater(len(self.run_it(name, TRACES)[0]), 20, name)
            self.assertIsInstance(self.json(name, TRACES), dict, name)
            rows = list(csv.reader(io.StringIO(self.run_it(name, TRACES, '-f', 'csv')[0])))
            self.assertEqual({len(row) for row in rows}, {len(rows[0])}, name)

    def test_a_what_if_has_the_same_answer_in_text_json_and_csv(self):
        for asked, traces in [('agent=editor:30%', 2), ('tool=nobody:100%', 0)]:
            words = ['critical-path', TRACES, '--what-if', asked]
            answer = self.json(*words)['what_if']
            [row] = csv.DictReader(io.StringIO(self.run_it(*words, '-f', 'csv')[0]))
            self.assertEqual({name: type(answer[name])(cell) for name, cell in row.items()}, answer)
            self.assertEqual(answer['traces'], traces)
            text = self.run_it(*words)[0]
            self.assertIn('were faster by', text)
            self.assertEqual('there is no tool of this name here' in text, not traces)
        self.assertIn('saving_100', self.run_it('critical-path', TRACES, '-f', 'csv')[0])

    def test_info_counts_spans_traces_and_agents(self):
        info = self.json('info', TRACES)
        self.assertEqual(info['spans'], sum(i['spans'] for i in info['inputs']))
        self.assertEqual({i['format'] for i in info['inputs']}, {'otlp-json'})
        agents = {a['name'] for a in info['agents']}
        self.assertLessEqual({'editor', 'wire_reporter', 'Lending', 'dispatcher'}, agents)

    def test_selection_takes_services_agents_times_and_attributes(self):
        whole = self.json('info', TRACES)
        part = self.json('info', TRACES, '--service', 'lib*')
        self.assertTrue(0 < part['traces'] < whole['traces'])
        self.assertEqual({a['name'] for a in part['agents']} & {'editor', 'dispatcher'}, set())
        rows = self.json('latency', TRACES, '--agent', '*_reporter')['rows']
        self.assertEqual(len(rows), 3)
        where = self.json('info', TRACES, '--where', 'gen_ai.agent.name=dispatcher')
        self.assertEqual(where['traces'], 4)
        self.run_it('info', TRACES, '--since', '2031-01-01', code=0)

    def test_traces_are_listed_worst_first_and_can_be_shown(self):
        traces = self.json('traces', TRACES, '--limit', '3')['traces']
        self.assertEqual(len(traces), 3)
        durations = [t['duration_ns'] for t in traces]
        self.assertEqual(durations, sorted(durations, reverse=True))
        shown, _ = self.run_it('show', TRACES, traces[0]['trace_id'], env={'COLUMNS': '90'})
        self.assertIn(traces[0]['trace_id'], shown)
        self.assertIn('=', shown)
        self.assertNotIn('\x1b', shown)
        for width in [60, 80, 90, 110, 130, 200]:
            shown, _ = self.run_it('show', TRACES, traces[0]['trace_id'], env={'COLUMNS': str(width)})
            lines = shown.splitlines()
            self.assertEqual({len(line) for line in lines if line.endswith('|')}, {width})
            self.assertLessEqual(max(map(len, lines)), max(width, 75))

    def test_a_shown_trace_marks_its_path_and_failures_and_folds_what_is_alike(self):
        calls = [span(1, 10 + i, 1, 'look', 100, 200) for i in range(60)]
        path = self.write('t.jsonl', request(
            span(1, 1, None, 'root', 0, 1000), *calls, span(1, 2, 1, 'think', 300, 900),
            span(1, 3, 2, 'ask', 400, 500, status={'code': 2}), span(1, 4, 1, 'aside', 300, 320)))
        shown, _ = self.run_it('show', path, f'{1:032x}', env={'COLUMNS': '140'})
        rows = {line[3:].split()[0] + line[:2]: line for line in shown.splitlines() if line.endswith('|')}
        self.assertIn('root* ', rows)
        self.assertIn('ask*x', rows)
        self.assertIn('aside  ', rows)
        self.assertIn('59 x look', shown)
        self.assertRegex(rows['think* '], r'600 ms +500 ms +\|')
        self.assertRegex(rows['aside  '], r'20 ms +580 ms\|')

    def test_one_of_a_thing_is_not_called_by_its_plural(self):
        """One trace with one span that failed, one check that fails, one accepted night of one."""
        trace = self.write('one.jsonl', request(span(1, 1, name='invoke_agent solo', status={'code': 2}, attributes=[
            attr('gen_ai.operation.name', 'invoke_agent'), attr('gen_ai.agent.name', 'solo')])) + '\n')
        policy = self.write('policy.yaml', 'version: 1\nbaseline: {min_nights: 1}\ndefaults: {min_traces: 1}\ngates:\n'
                            '  - {name: all, metrics: {traces: {min: 5}}}\n')
        said = [*self.run_it('import', trace, '-d', 'one.db'), self.run_it('show', trace, f'{1:032x}')[0]]
        for name in ['info', 'traces', *ANALYZERS]:
            said.append(self.run_it(name, trace)[0])
        self.run_it('run', trace, '-q', '-o', 'first', '-p', policy, '-b', 'base.db', *NOW, code=1)
        said += self.run_it('accept', 'first/results.db', '-p', policy, '-b', 'base.db', '--reason', 'x',
                            '--allow-regress')
        files = self.report('out', trace, '-p', policy, '-b', 'base.db', code=1)
        said += [re.sub(r'<[^>]*>', '', files[name].decode()) for name in ('report.html', 'summary.md', 'junit.xml')]
        said += self.run_it('check', 'out/results.db', '-p', policy, '-b', 'base.db', code=1)
        words = 'nights|checks|traces|spans|errors|agents|files|inputs|rows|times|origins|tokens|kinds|calls'
        wrong = [found for text in said for found in re.findall(rf'(?<![\d.,/-])1 (?:\w+ )?(?:{words})\b.{{0,40}}', text)]
        self.assertEqual(wrong, [])

    def test_exports_are_of_the_formats_they_say(self):
        chrome = json.loads(self.run_it('export', TRACES, '--to', 'chrome')[0])
        self.assertTrue(all(e['ph'] in 'XMbe' for e in chrome['traceEvents']))
        for by in ['wall', 'self', 'critical', 'tokens']:
            folded, _ = self.run_it('export', TRACES, '--to', 'folded', '--by', by)
            total = sum(int(line.rsplit(' ', 1)[1]) for line in folded.splitlines())
            scope = json.loads(self.run_it('export', TRACES, '--to', 'speedscope', '--by', by)[0])
            self.assertEqual(scope['profiles'][0]['endValue'], total)
            self.assertEqual(sum(scope['profiles'][0]['weights']), total)
        self.assertIn('digraph', self.run_it('export', TRACES, '--to', 'dot')[0])
        self.assertIn('flowchart', self.run_it('export', TRACES, '--to', 'mermaid')[0])

    @unittest.skipUnless(shutil.which('dot'), 'Graphviz is not installed')
    def test_graphviz_draws_the_exported_graph(self):
        dot, _ = self.run_it('export', TRACES, '--to', 'dot')
        done = subprocess.run(['dot', '-Tsvg'], input=dot.encode(), capture_output=True, check=True)
        self.assertIn(b'<svg', done.stdout)

    def test_what_is_exported_as_otlp_gives_the_same_results_when_it_is_read_again(self):
        self.run_it('import', TRACES, '-d', 'store.db', '-q')
        self.write('again.jsonl', self.run_it('export', 'store.db', '--to', 'otlp')[0])
        for name in ANALYZERS:
            self.assertEqual(self.json(name, 'again.jsonl'), self.json(name, TRACES), name)


class ExitCodes(Cli):
    def test_wrong_usage_is_2_and_names_what_was_expected(self):
        for words, expected in [(['frobnicate'], "no command 'frobnicate'"),
                                (['latency'], 'no input'),
                                (['latency', TRACES, '--fromat', 'json'], 'did you mean --format'),
                                (['latency', TRACES, '--jobs', 'x'], 'a number from 1 to 256'),
                                (['latency', TRACES, '--format', 'xml'], 'text|json|csv'),
                                (['latency', TRACES, '--by', 'frob'], 'agent|kind|operation'),
                                (['import', TRACES, '--since', '2026-01-01', '-d', 's.db'], 'no option --since'),
                                (['import', TRACES], '-d STORE')]:
            code = 2
            _, err = self.run_it(*words, code=code)
            if 'no input' not in expected:
                self.assertIn(expected, err)

    def test_what_is_no_trace_is_3_with_file_and_place(self):
        for name, text in [('prose.txt', 'Dear Sir or Madam\n'), ('empty.json', ''),
                           ('other.json', '{"hello": [1, 2, 3]}')]:
            _, err = self.run_it('info', self.write(name, text), code=3)
            self.assertIn(name, err)
        self.assertIn('missing.json', self.run_it('info', 'missing.json', code=3)[1])

    def test_a_limit_that_is_broken_is_1_and_the_report_is_there(self):
        policy = self.write('p.yaml', 'version: 1\ngates:\n  - name: fast\n    match: {agent: "*"}\n'
                                      '    metrics: {mean: {max: 1us}}\n')
        files = self.report('out', TRACES, '-p', policy, code=1)
        self.assertIn(b'fail', files['summary.md'])
        suites = ElementTree.fromstring(files['junit.xml'])
        self.assertTrue(suites.findall('.//failure'))
        self.run_it('run', TRACES, '-p', policy, '--report-only', '-q', '-o', 'out2')

    def test_results_can_be_judged_and_reported_later(self):
        policy = self.write('p.yaml', 'version: 1\ngates:\n  - name: fast\n    match: {agent: "*"}\n'
                                      '    metrics: {mean: {max: 1us}, slow_share: {over: 1ms, max: 99%}}\n')
        files = self.report('out', TRACES, '-p', policy, code=1)
        self.run_it('analyze', TRACES, '-o', 'r.db', '-q', *NOW)
        out, _ = self.run_it('check', 'out/results.db', '-p', policy, code=1)
        self.assertIn('fail', out)
        self.run_it('check', 'r.db', '-p', policy, code=1)
        self.run_it('report', 'out/results.db', '-o', 'again', *NOW)
        for name in ['report.html', 'junit.xml', 'summary.md']:
            self.assertEqual(self.read('again', name), files[name], name)
        self.write('default.yaml', self.run_it('check', '--print-policy')[0])
        self.run_it('check', 'r.db', '-p', 'default.yaml')

    def test_checks_of_which_none_could_be_judged_are_3_and_missing_agents_are_1(self):
        one = self.write('one.jsonl', request(span(attributes=[attr('agent.name', 'solo')])))
        gate = 'version: 1\ngates:\n  - {name: g, match: {agent: %s}, metrics: {p95: {max: 1h}}}\n'
        few = self.write('few.yaml', gate % 'solo')
        self.assertIn('The check could not be judged', self.run_it('run', one, '-p', few, '-o', 'o', code=3)[0])
        gone = self.write('gone.yaml', gate % 'planner')
        self.assertIn('failed', self.run_it('run', one, '-p', gone, '-o', 'o', code=1)[0])

    def test_a_wrong_policy_is_2_and_names_line_and_column(self):
        for text, place in [('version: 2\n', ':1:10:'), ('version: 1\ngates: []\ngats: []\n', ':3:'),
                            ('version: 1\nversion: 1\n', ':2:'), ('a: &x 1\n', ':1:'),
                            ('version: 1\ngates:\n  - name: a\n    metrics: {p95: {max: fast}}\n', ':4:'),
                            ('version: 1\ngates:\n  - name: a\n    metrics: {p96: {max: 1s}}\n', ':4:')]:
            _, err = self.run_it('run', TRACES, '-p', self.write('p.yaml', text), code=2)
            self.assertIn('p.yaml' + place, err)

    def test_a_reader_that_has_enough_is_no_news(self):
        for words in ['help run', f'export {TRACES} --to otlp', f'critical-path {TRACES} --per-trace -f json']:
            done = subprocess.run(['bash', '-c', f'{NIGHTJAR} {words} | head -c 1'], capture_output=True,
                                  check=False, cwd=self.folder, timeout=100)
            self.assertEqual(done.stderr, b'', words)

    def test_lost_data_is_3_only_when_strict(self):
        good = request(span())
        path = self.write('cut.jsonl', good + '\n' + good[:100])
        self.run_it('info', path)
        self.assertIn('--strict', self.run_it('info', path, '--strict', code=3)[1])


class Diagnostics(Cli):
    def diagnostics(self, *words):
        return {d['id']: d['count'] for d in self.json('info', *words)['diagnostics']}

    def test_files_of_a_folder_that_are_no_traces_are_counted(self):
        self.write('a.jsonl', request(span()))
        self.write('notes.txt', 'nothing to see')
        self.assertEqual(self.diagnostics(self.folder).get('file-skipped'), 1)

    def test_what_an_exporter_dropped_is_counted(self):
        path = self.write('a.jsonl', request(span(droppedAttributesCount=3)))
        self.assertIn('dropped-by-exporter', self.diagnostics(path))

    def test_traces_at_the_edge_of_the_window_are_counted(self):
        path = self.write('a.jsonl', request(span(1), span(2, start=5000, end=9000)))
        middle = '2025-10-09T08:53:26Z'  # 6 seconds after the base: inside the second trace
        self.assertIn('trace-at-window-edge', self.diagnostics(path, '--until', middle))


class Determinism(Cli):
    def test_any_number_of_threads_gives_the_same_bytes(self):
        self.assertEqual(self.report('one', TRACES, '--jobs', '1'),
                         self.report('eight', TRACES, '--jobs', '8'))

    def test_any_order_of_lines_gives_the_same_results(self):
        lines = []
        for name in sorted(os.listdir(TRACES)):
            with open(os.path.join(TRACES, name), encoding='utf-8') as file:
                lines += file.read().splitlines()
        a = self.write('a.jsonl', '\n'.join(lines) + '\n')
        random.Random(7).shuffle(lines)
        b = self.write('b.jsonl', '\n'.join(lines) + '\n')
        for name in ANALYZERS:
            self.assertEqual(self.json(name, a), self.json(name, b), name)

    def test_json_and_protobuf_of_the_same_spans_give_the_same_results(self):
        for name in ANALYZERS:
            self.assertEqual(self.json(name, TRACES), self.json(name, PROTOBUF), name)

    def test_importing_the_same_bytes_twice_changes_nothing(self):
        self.run_it('import', TRACES, '-d', 's.db', '-q')
        before = self.json('info', 's.db')
        self.run_it('import', TRACES, '-d', 's.db', '-q')
        self.run_it('import', PROTOBUF, '-d', 's.db', '-q')
        after = self.json('info', 's.db')
        self.assertEqual((before['spans'], before['traces']), (after['spans'], after['traces']))

    def test_standard_input_is_read_like_a_file(self):
        path = os.path.join(TRACES, 'triage_ai_sdk.jsonl')
        with open(path, 'rb') as file:
            out, _ = self.run_it('latency', '-', '--format', 'json', stdin=file.read())
        self.assertEqual(json.loads(out), self.json('latency', path))


class Report(Cli):
    HOSTILE = ['</script><script>alert(1)</script>', ']]>', '[[ATTACHMENT|/etc/passwd]]', '=cmd()',
               'a|b`c<d>&"\'', '\u202egnirts', '\x1b[31mred\x1b[0m', 'x' * 10000, '\ud83d\ude00'
               .encode('utf-16', 'surrogatepass').decode('utf-16'), 'nul\x00byte']

    def hostile(self):
        spans = []
        for i, name in enumerate(self.HOSTILE * 30):
            spans.append(span(i + 1, 1, name=name, end=2000 + i, attributes=[
                attr('gen_ai.operation.name', 'invoke_agent'), attr('gen_ai.agent.name', name)],
                status={'code': 2, 'message': name}))
            spans.append(span(i + 1, 2, parent=1, name=name, attributes=[
                attr('gen_ai.operation.name', 'execute_tool'), attr('gen_ai.tool.name', name)],
                status={'code': 2, 'message': name}))
        return self.write('hostile.jsonl', request(*spans))

    def policy(self):
        return self.write('p.yaml', 'version: 1\ngates:\n  - name: g\n    match: {agent: "*"}\n'
                                    '    metrics: {mean: {max: 1us}, error_rate: {max: 1%}}\n')

    def test_hostile_names_cannot_harm_the_page_the_xml_or_the_summary(self):
        files = self.report('out', self.hostile(), '-p', self.policy(), code=1)
        page = files['report.html'].decode()
        self.assertEqual(page.count('<script'), 1)
        self.assertNotIn('\x1b', page)
        self.assertNotIn('\x00', page)
        junit = files['junit.xml'].decode()
        self.assertNotIn('[[ATTACHMENT', junit)
        ElementTree.fromstring(junit)
        self.assertNotIn('<script', files['summary.md'].decode())
        for name in ['latency', 'errors', 'info']:
            out, _ = self.run_it(name, 'hostile.jsonl')
            self.assertNotIn('\x1b', out)
        table, _ = self.run_it('latency', 'hostile.jsonl', '-f', 'csv')
        self.assertFalse([row for row in csv.reader(io.StringIO(table)) if row and row[0].startswith('=')])

    def test_the_page_holds_nothing_that_strict_policies_forbid(self):
        page = self.report('out', TRACES)['report.html'].decode()
        for forbidden in [' style=', 'data:', ' target=', '<link rel="icon"', ' onclick=', 'javascript:']:
            self.assertNotIn(forbidden, page.split('<script>')[0])
        self.assertEqual(page.count('<h1'), 1)
        for svg in re.findall(r'<svg[^>]*role="img"[^>]*>', page):
            self.assertIn('aria-label=', svg)
        for table in re.findall(r'<table.*?</table>', page, re.S):
            self.assertIn('scope="col"', table)
        self.assertLess(len(page), 1 << 20)

    @unittest.skipUnless(shutil.which('xmllint'), 'xmllint is not installed')
    def test_the_page_is_well_formed(self):
        self.report('out', TRACES)
        done = subprocess.run(['xmllint', '--html', '--noout', self.path('out/report.html')],
                              capture_output=True, check=False)
        errors = [line for line in done.stderr.decode(errors='replace').splitlines()
                  if 'HTML parser error' in line and 'invalid' not in line]
        self.assertEqual(errors, [])

    @unittest.skipUnless(DATA and shutil.which('xmllint'), 'NIGHTJAR_DATA or xmllint is not there')
    def test_junit_is_valid_under_both_strict_schemas_with_hostile_names(self):
        self.report('out', self.hostile(), '-p', self.policy(), code=1)
        self.report('calm', TRACES)
        for schema in ['jenkins-junit-10.xsd', 'windyroad-JUnit.xsd']:
            for folder in ['out', 'calm']:
                done = subprocess.run(
                    ['xmllint', '--noout', '--schema', os.path.join(DATA, 'junit', schema),
                     self.path(f'{folder}/junit.xml')], capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_redaction_leaves_no_error_text_in_any_file(self):
        secret = 'Zanzibar'
        path = self.write('a.jsonl', request(
            span(1, 1, status={'code': 2, 'message': f'{secret} failed'}),
            span(1, 2, parent=1, status={'code': 2, 'message': f'{secret} failed'}, events=[
                {'name': 'exception', 'timeUnixNano': '1760000001500000000', 'attributes': [
                    attr('exception.type', 'SomeError'), attr('exception.message', f'{secret} failed')]}])))
        self.assertIn(secret, self.run_it('errors', path)[0])
        self.assertNotIn(secret, self.run_it('errors', path, '--redact')[0])
        files = self.report('out', path, '--redact')
        for name, content in files.items():
            self.assertNotIn(secret.encode(), content, name)
        self.assertNotIn(secret, self.run_it('errors', path, '--redact', '--per-trace', '-f', 'json')[0])

    def test_the_summary_is_appended_where_the_ci_system_wants_it(self):
        self.write('step.md', 'before\n')
        self.run_it('run', TRACES, '-q', '-o', 'out', env={'GITHUB_STEP_SUMMARY': self.path('step.md')})
        step = self.read('step.md').decode()
        self.assertTrue(step.startswith('before\n## nightjar'))


class Readme(Cli):
    def test_every_command_of_the_readme_runs(self):
        with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
            blocks = re.findall(r'```console\n(.*?)```', file.read(), re.S)
        commands = [line[2:] for block in blocks for line in block.splitlines()
                    if line.startswith('$ nightjar')]
        self.assertGreater(len(commands), 5)
        shutil.copytree(TRACES, self.path('traces'))
        shutil.copy(os.path.join(ROOT, 'fixtures/policy.yaml'), self.path('policy.yaml'))
        for command in commands:
            done = subprocess.run(['bash', '-c', command.replace('nightjar', NIGHTJAR, 1)], cwd=self.folder,
                                  capture_output=True, check=False, timeout=100)
            self.assertEqual(done.returncode, 0, command + '\n' + done.stderr.decode())


if __name__ == '__main__':
    wanted = sys.argv[1:]
    sys.argv = sys.argv[:1] + wanted
    unittest.main(verbosity=0)
