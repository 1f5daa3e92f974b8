#!/usr/bin/env python3
"""exports.py - what `nightjar export` writes, read as its consumers read it: sums of folded stacks, the file
format of speedscope, nesting of Chrome trace events, Graphviz, the grammar of Mermaid; names hostile to each."""
import collections
import json
import re
import shutil
import subprocess
import unittest

from cli import TRACES, Cli, attr, request, span

WIDTHS = ['wall', 'self', 'critical', 'tokens']
HOSTILE = ['a;b c', 'quote " back \\ slash', '<script>alert(1)</script>', 'new\nline\ttab', 'é ünï 名前', '{|}[]()#&`--> x']


def hostile_spans():
    spans = [span(1, 1, None, 'root', 0, 10000)]
    for i, name in enumerate(HOSTILE):
        spans.append(span(1, 10 + i, 1, name, 100 * i, 100 * i + 1000,
                          attributes=[attr('gen_ai.operation.name', 'invoke_agent'), attr('gen_ai.agent.name', name)]))
        spans.append(span(1, 30 + i, 10 + i, 'execute_tool ' + name, 100 * i + 5, 100 * i + 300,
                          attributes=[attr('gen_ai.operation.name', 'execute_tool'), attr('gen_ai.tool.name', name)]))
    return spans


class Exports(Cli):
    def inputs(self):
        return [TRACES, self.write('hostile.jsonl', request(*hostile_spans()))]

    def export(self, source, to, *words):
        return self.run_it('export', source, '--to', to, *words)[0]

    def wholes(self, source):
        """What each variant's leaves have to add up to."""
        paths = [json.loads(x) for x in
                 self.run_it('critical-path', source, '--per-trace', '--format', 'json')[0].splitlines()]
        return {'critical': sum(p['duration_ns'] for p in paths),
                'tokens': sum(r['input'] + r['output'] for r in self.json('tokens', source)['rows']
                              if r['group_by'] == 'agent')}

    def test_folded_stacks_add_up_to_the_whole(self):
        for source in self.inputs():
            wholes, sums = self.wholes(source), {}
            for by in WIDTHS:
                total = 0
                for line in self.export(source, 'folded', '--by', by).splitlines():
                    stack, _, value = line.rpartition(' ')
                    self.assertRegex(value, r'^[1-9][0-9]*$')
                    self.assertTrue(all(stack.split(';')), line)
                    total += int(value)
                sums[by] = total
                self.assertEqual(total, wholes.get(by, total), (source, by))
            self.assertGreater(sums['self'], 0)

    def test_speedscope_profiles_are_of_the_file_format(self):
        units = ['none', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes']
        for source in self.inputs():
            for by in WIDTHS:
                got = json.loads(self.export(source, 'speedscope', '--by', by))
                self.assertEqual(got['$schema'], 'https://www.speedscope.app/file-format-schema.json')
                self.assertLessEqual(set(got), {'$schema', 'shared', 'profiles', 'name', 'activeProfileIndex',
                                                'exporter'})
                self.assertTrue(all(isinstance(f['name'], str) and f['name'] for f in got['shared']['frames']))
                for profile in got['profiles']:
                    self.assertEqual(set(profile), {'type', 'name', 'unit', 'startValue', 'endValue', 'samples',
                                                    'weights'})
                    self.assertEqual(profile['type'], 'sampled')
                    self.assertIn(profile['unit'], units)
                    self.assertEqual(len(profile['samples']), len(profile['weights']))
                    frames = range(len(got['shared']['frames']))
                    self.assertTrue(all(stack and all(i in frames for i in stack) for stack in profile['samples']))
                    self.assertTrue(all(weight > 0 for weight in profile['weights']))
                    self.assertEqual(profile['startValue'] + sum(profile['weights']), profile['endValue'])
                folded = self.export(source, 'folded', '--by', by).splitlines()
                self.assertEqual(sum(int(line.rpartition(' ')[2]) for line in folded), profile['endValue'])

    def test_chrome_events_nest_on_every_thread_and_are_all_spans(self):
        for source in self.inputs():
            events = json.loads(self.export(source, 'chrome'))['traceEvents']
            lanes, spans = collections.defaultdict(list), 0
            for e in events:
                self.assertIn(e['ph'], 'XMbe')
                self.assertLessEqual({'ph', 'pid', 'name'}, set(e))
                if e['ph'] in 'Xb':
                    spans += 1
                if e['ph'] == 'X':
                    self.assertGreaterEqual(e['dur'], 0)
                    lanes[e['pid'], e['tid']].append((round(e['ts'] * 1000), round((e['ts'] + e['dur']) * 1000)))
            for lane in lanes.values():
                stack = []
                for start, end in sorted(lane, key=lambda x: (x[0], -x[1])):
                    while stack and stack[-1] <= start:
                        stack.pop()
                    self.assertTrue(not stack or end <= stack[-1] + 1000, 'events overlap on one thread')
                    stack.append(end)
            self.assertGreaterEqual(spans, self.json('info', source)['spans'])

    @unittest.skipUnless(shutil.which('dot'), 'Graphviz is not installed')
    def test_graphviz_reads_every_node_and_edge(self):
        for source in self.inputs():
            calls = self.json('calls', source)
            done = subprocess.run(['dot', '-Tjson'], input=self.export(source, 'dot').encode(), capture_output=True,
                                  check=True)
            self.assertEqual(done.stderr, b'')
            graph = json.loads(done.stdout)
            self.assertEqual(len(graph['objects']), len(calls['nodes']))
            self.assertEqual(len(graph['edges']), sum(e['caller'] is not None for e in calls['edges']))
            if source != TRACES:
                labels = {node['label'] for node in graph['objects']}
                self.assertTrue(any('<script>' in label for label in labels), labels)

    def test_mermaid_has_a_node_for_each_end_of_an_edge_and_nothing_loose(self):
        for source in self.inputs():
            lines = self.export(source, 'mermaid').splitlines()
            self.assertEqual(lines[0], 'flowchart LR')
            nodes, edges = set(), 0
            for line in lines[1:]:
                node = re.fullmatch(r'  (n\d+)(\["|\(\["|\{\{"|\[\[")([^"<>{}\[\]()|`]*)("\]|"\]\)|"\}\}|"\]\])', line)
                edge = re.fullmatch(r'  (n\d+) -->\|\d+\| (n\d+)', line)
                self.assertTrue(node or edge, line)
                if node:
                    nodes.add(node[1])
                else:
                    edges += 1
                    self.assertLessEqual({edge[1], edge[2]}, nodes)
            self.assertEqual(edges, sum(e['caller'] is not None for e in self.json('calls', source)['edges']))


del Cli

if __name__ == '__main__':
    unittest.main()
