#!/usr/bin/env python3
"""shapes.py - what nightjar prints as JSON has the shapes that schema/results.schema.json promises."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    # The package belongs to the system's own Python, which need not be the first one.
    if os.path.exists('/usr/bin/python3') and sys.executable != '/usr/bin/python3':
        os.execv('/usr/bin/python3', ['/usr/bin/python3', *sys.argv])
    print('skipped: the Python package jsonschema is not installed')
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NIGHTJAR = os.environ.get('NIGHTJAR', os.path.join(ROOT, 'build/release/nightjar'))
DATA = os.environ.get('NIGHTJAR_DATA', '')
WHOLE = ['info', 'latency', 'critical-path', 'errors', 'sampling', 'calls', 'tokens', 'behaviour', 'traces']
LINES = {'critical-path': 'critical-path-trace', 'errors': 'errors-trace', 'tokens': 'tokens-trace',
         'behaviour': 'behaviour-trace'}
with open(os.path.join(ROOT, 'schema/results.schema.json'), encoding='utf-8') as file:
    SCHEMA = json.load(file)


def inputs():
    """Fixtures of every format, and real files where they are."""
    found = [os.path.join(ROOT, 'fixtures/traces')]
    found += sorted(path for path in glob.glob(os.path.join(ROOT, 'fixtures/accept/*'))
                    if not path.endswith('-sqlite'))  # those are SQL, to make databases of
    if DATA:
        found += [os.path.join(DATA, name) for name in
                  ['jaeger/jaeger-ui_genaiTestTrace.json', 'langfuse', 'zipkin', 'producers/mastra.db']]
    return found


def nightjar(*words):
    return subprocess.run([NIGHTJAR, *words], capture_output=True, check=True, timeout=100).stdout.decode()


class Shapes(unittest.TestCase):
    def assert_shape(self, value, name, where):
        schema = {'$defs': SCHEMA['$defs'], '$ref': f'#/$defs/{name}'} if name else SCHEMA
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
        self.assertEqual([f'{"/".join(map(str, e.absolute_path))}: {e.message[:200]}' for e in errors[:5]], [],
                         f'{name} of {where}')

    def test_the_schema_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_every_command_prints_the_shape_of_its_name(self):
        for path in inputs():
            for name in WHOLE:
                self.assert_shape(json.loads(nightjar(name, path, '--format', 'json')), name, path)

    def test_every_line_a_trace_has_the_shape_of_its_command(self):
        for path in inputs():
            traces = json.loads(nightjar('info', path, '--format', 'json'))['traces']
            self.assertGreater(traces, 0, path)
            self.assert_lines(path, traces, 'weight-trace', 'sampling', '--explain-weights')
            self.assert_lines(path, traces, 'critical-path-trace', 'critical-path', '--per-trace', '--scope', 'trace')
            for name, shape in LINES.items():
                self.assert_lines(path, traces, shape, name, '--per-trace')

    def assert_lines(self, path, traces, shape, command, *words):
        lines = nightjar(command, path, '--format', 'json', *words).splitlines()
        self.assertEqual(len(lines), traces, f'{command} of {path}')
        for line in lines:
            self.assert_shape(json.loads(line), shape, path)

    def test_results_json_has_the_shape_of_the_whole(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        nightjar('run', os.path.join(ROOT, 'fixtures/traces'), '-p', os.path.join(ROOT, 'fixtures/policy.yaml'),
                 '-q', '-o', folder)
        with open(os.path.join(folder, 'results.json'), encoding='utf-8') as file:
            results = json.load(file)
        self.assertGreater(len(results['checks']), 10)
        self.assert_shape(results, None, 'results.json')

    def test_a_wrong_shape_is_seen(self):
        with self.assertRaises(AssertionError):
            self.assert_shape({'trace_id': 7}, 'critical-path-trace', 'nowhere')


if __name__ == '__main__':
    unittest.main(verbosity=0)
