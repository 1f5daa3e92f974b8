#!/usr/bin/env python3
"""docs.py - what the documentation shows is run: SQL of docs/store.md, examples of help, links."""
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NIGHTJAR = os.environ.get('NIGHTJAR', os.path.join(ROOT, 'build/release/nightjar'))
TRACES = os.path.join(ROOT, 'fixtures/traces')


def text(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def pages():
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '*.md'], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    return [page for page in listed if os.path.isfile(os.path.join(ROOT, page))]


class Docs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def nightjar(self, *words):
        done = subprocess.run([NIGHTJAR, *words], cwd=self.folder, capture_output=True, check=False, timeout=100)
        self.assertEqual(done.returncode, 0, f'{words}\n{done.stderr.decode()}')
        return done.stdout.decode()

    def answers(self):
        """The rows that each query of docs/store.md gives, in the order of the page."""
        self.nightjar('import', TRACES, '-d', 'traces.db', '-q')
        store = sqlite3.connect(f'file:{self.folder}/traces.db?mode=ro', uri=True)
        self.addCleanup(store.close)
        queries = re.findall(r'```sql\n(.*?)```', text('docs/store.md'), re.S)
        self.assertEqual(len(queries), 5)
        return [store.execute(query).fetchall() for query in queries]

    def test_the_five_queries_of_the_store_page_answer_their_questions(self):
        longest, models, tools, callers, inputs = self.answers()
        self.assertEqual(len(longest), 10)
        self.assertEqual([row[4] for row in longest], sorted((row[4] for row in longest), reverse=True))
        self.assertIn(longest[0][0], self.nightjar('show', 'traces.db', longest[0][0]))
        self.assertIn('gpt-4o-mini', [row[0] for row in models])
        self.assertTrue(all(row[2] > 0 for row in models))
        self.assertIn('run_tests', [row[0] for row in tools])
        self.assertTrue(all(0 < failed <= calls for _, calls, failed, _ in tools))
        self.assertIn(('dispatcher', 'log_reader', 4), callers)
        self.assertEqual(sorted(os.path.basename(row[0]) for row in inputs), sorted(os.listdir(TRACES)))
        self.assertTrue(all(row[4] == 0 and row[5] == 1 for row in inputs))

    def test_every_column_that_the_store_page_names_is_there(self):
        self.nightjar('import', TRACES, '-d', 'traces.db', '-q')
        store = sqlite3.connect(os.path.join(self.folder, 'traces.db'))
        self.addCleanup(store.close)
        columns = {row[1] for row in store.execute('PRAGMA table_info(span_view)')}
        rows = re.search(r'`span_view` has a row.*?\n\n(.*?)\n\n', text('docs/store.md'), re.S).group(1)
        named = set(re.findall(r'`(\w+)`', ''.join(row.split('|')[1] for row in rows.splitlines())))
        self.assertEqual(named, columns)

    def test_every_example_of_help_runs(self):
        with open(os.path.join(self.folder, 'traces.jsonl'), 'w', encoding='utf-8') as out:
            for name in sorted(os.listdir(TRACES)):
                out.write(text(os.path.join('fixtures/traces', name)))
        shutil.copytree(TRACES, os.path.join(self.folder, 'traces'))
        subprocess.run('gzip -k traces.jsonl && mv traces.jsonl.gz old.jsonl.gz', shell=True, check=True,
                       cwd=self.folder)
        shutil.copy(os.path.join(ROOT, 'fixtures/policy.yaml'), os.path.join(self.folder, 'policy.yaml'))
        self.prepare()
        traces = self.nightjar('traces', 'traces.jsonl', '--limit', '1', '-f', 'csv').splitlines()
        trace_id = re.search(r'[0-9a-f]{32}', traces[1]).group()
        names = re.findall(r'^  ([a-z-]+) {2,}', self.nightjar('help'), re.M)
        for name in names:
            help_text = self.nightjar('help', name)
            examples = help_text.split('\nexamples:\n')[1].splitlines() if '\nexamples:\n' in help_text else []
            self.assertTrue(examples, f'{name} shows no example')
            for example in examples:
                if not example.startswith('  '):
                    break
                example = re.sub(r'\b[0-9a-f]{32}\b', trace_id, example.strip())
                self.example(re.sub(r'(?<=baseline remove )\w+', lambda _: self.night(), example))

    def prepare(self):
        """What examples take for granted: a store, its results, a table of values."""
        self.nightjar('import', 'traces', '-d', 'traces.db', '-q')
        for name in ['results.db', 'yesterday.db', 'today.db']:
            self.nightjar('analyze', 'traces.db', '-o', name, '-q')
        for name in ['before.jsonl', 'after.jsonl']:
            shutil.copy(os.path.join(self.folder, 'traces.jsonl'), os.path.join(self.folder, name))
        with open(os.path.join(self.folder, 'table.csv'), 'w', encoding='utf-8') as out:
            out.write('trace_id,value,weight,err\n' + ''.join(f'{i},{i * i},{1 + i % 3},0\n' for i in range(60)))

    def night(self):
        """The id of a night that was accepted."""
        return re.search(r'\b[0-9a-f]{8,}\b', self.nightjar('baseline', 'list', '-b', 'baseline.db')).group()

    def example(self, example):
        if 'dot -T' in example and not shutil.which('dot'):
            return
        command = re.sub(r'\bnightjar (?=[a-z-])', f'{NIGHTJAR} ', example)
        done = subprocess.run(['bash', '-c', command], cwd=self.folder, capture_output=True, check=False, timeout=100)
        self.assertEqual(done.returncode, 0, f'{example}\n{done.stderr.decode()}')

    def test_links_between_pages_lead_somewhere(self):
        broken = []
        for page in pages():
            for target in re.findall(r'\]\(([^)#]+)', text(page)):
                if '://' not in target and not os.path.exists(
                        os.path.join(ROOT, os.path.dirname(page), target)):
                    broken.append(f'{page}: {target}')
        self.assertEqual(broken, [])


if __name__ == '__main__':
    unittest.main(verbosity=0)
