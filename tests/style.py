#!/usr/bin/env python3
"""style.py - the house style as a test: floors, lengths, first lines, banned calls, names."""
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOORS = {'base': 0, 'schema': 1, 'trees': 2, 'store': 2, 'importers': 3, 'analyzers': 3,
          'gates': 4, 'reports': 5, 'tools': 6}
# Importers write into stores; everything else on a floor does not see its neighbours.
OWNERS = {'sqlite3.h': ['store'], 'yaml.h': ['gates'], 'libxml/': ['reports']}
BANNED = ['strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'atoi', 'atol', 'atof', 'strtok',
          'alloca', 'system', 'popen', 'rand', 'srand', 'localtime', 'ctime', 'tmpnam']


def files(*suffixes):
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split('\n')
    return [f for f in listed if f.endswith(suffixes) and os.path.isfile(os.path.join(ROOT, f))]


def text(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def functions(path):
    """(name line, first line number, length) of every function body that begins a line."""
    start, lines = None, text(path).split('\n')
    for i, line in enumerate(lines):
        if line.startswith('{') and start is None:
            start = i
        elif line.startswith('}') and start is not None:
            yield lines[start - 1], start, i - start + 1
            start = None


class Style(unittest.TestCase):
    def test_a_file_includes_only_from_floors_below_its_own(self):
        wrong = []
        for path in files('.c', '.h'):
            folder = path.split('/')[0]
            if folder not in FLOORS:
                continue
            for target in re.findall(r'^#include "([^"]+)"', text(path), re.M):
                other = target.split('/')[0]
                if other == folder or other not in FLOORS:
                    continue
                if FLOORS[other] >= FLOORS[folder]:
                    wrong.append(f'{path} includes {target}')
        self.assertEqual(wrong, [])

    def test_a_library_is_known_to_one_floor_only(self):
        wrong = [f'{path} includes {header}' for path in files('.c', '.h')
                 for header, owners in OWNERS.items()
                 if re.search(r'#include <' + re.escape(header), text(path))
                 and path.split('/')[0] not in owners + ['tests', 'bench']]
        self.assertEqual(wrong, [])

    def test_no_function_is_longer_than_60_lines(self):
        wrong = [f'{path}:{at}: {name} has {length} lines' for path in files('.c')
                 for name, at, length in functions(path) if length > 60]
        self.assertEqual(wrong, [])

    def test_no_file_is_longer_than_600_lines(self):
        wrong = [path for path in files('.c', '.h', '.js', '.mjs', '.py', '.cpp')
                 if text(path).count('\n') > 600]
        self.assertEqual(wrong, [])

    def test_the_first_line_of_a_file_says_what_it_is_for(self):
        wrong = [path for path in files('.c', '.h', '.def')
                 if not text(path).startswith(f'/* {os.path.basename(path)} - ')]
        self.assertEqual(wrong, [])

    def test_calls_that_cannot_be_used_safely_are_not_used(self):
        pattern = re.compile(r'(?<![\w.>])(' + '|'.join(BANNED) + r')\(')
        wrong = [f'{path}: {m.group(1)}' for path in files('.c', '.h')
                 if path.split('/')[0] in FLOORS for m in pattern.finditer(text(path))]
        self.assertEqual(wrong, [])

    def test_there_are_no_tabs_and_no_blanks_at_ends_of_lines(self):
        wrong = [path for path in files('.c', '.h', '.def', '.md', '.py', '.mjs', '.css', '.js')
                 if re.search(r'\t|[ ]+$', text(path), re.M) and not path.startswith('fixtures/')]
        self.assertEqual(wrong, [])

    def test_every_plug_in_that_is_registered_has_its_file(self):
        wrong = []
        for registry, macro, pattern in [
                ('importers/registry.def', 'NJ_IMPORTER', 'importers/{}.c'),
                ('analyzers/registry.def', 'NJ_ANALYZER', 'analyzers/{}.c'),
                ('reports/registry.def', 'NJ_VIEW', 'reports/view_{}.c'),
                ('reports/sections.def', 'NJ_SECTION', 'reports/section_{}.c'),
                ('reports/exports.def', 'NJ_EXPORT', 'reports/export_{}.c'),
                ('tools/registry.def', 'NJ_COMMAND', 'tools/cmd_{}.c')]:
            for name in re.findall(rf'^{macro}\((\w+)\)', text(registry), re.M):
                if not os.path.isfile(os.path.join(ROOT, pattern.format(name))):
                    wrong.append(f'{registry}: {name}')
        self.assertEqual(wrong, [])

    def test_every_diagnostic_is_made_somewhere_and_tested_somewhere(self):
        code = ''.join(text(p) for p in files('.c') if p.split('/')[0] in FLOORS)
        tests = ''.join(text(p) for p in files('.c', '.h', '.py') if p.startswith('tests/'))
        tests += ''.join(text(p) for p in files('.expect', '.txt', '.spans') if p.startswith('fixtures/'))
        wrong = []
        for symbol, name in re.findall(r'^NJ_DIAG\((\w+), "([^"]+)"',
                                       text('schema/diagnostics.def'), re.M):
            if f'NJ_DIAG_{symbol}' not in code:
                wrong.append(f'{symbol} is never counted')
            if f'NJ_DIAG_{symbol}' not in tests and f'{name}' not in tests:
                wrong.append(f'{symbol} ({name}) is in no test')
        self.assertEqual(wrong, [])

    def test_the_project_speaks_of_itself_alone(self):
        wrong = [path for path in files('.c', '.h', '.def', '.md', '.py', '.mjs', '.txt', '.sh')
                 if re.search(r'/wor[k]/|/hom[e]/|/roo[t]/', text(path))]
        self.assertEqual(wrong, [])


if __name__ == '__main__':
    sys.argv = sys.argv[:1]
    unittest.main(verbosity=0)
