#!/usr/bin/env python3
"""other_samplers.py - rates out of trace ids that other libraries' own samplers decided about.

usage: bench/other_samplers.py NIGHTJAR LIBRARIES [--stores N] [--kept N] [--only NAME...]

LIBRARIES is a folder with their npm packages (see README.md); Go, Java and Ruby are taken where they and their
Debian packages are there. Ids are drawn by libraries' own generators, decided about by their samplers, some that
were not kept are added for other reasons, and three spans a trace are written without any mark of sampling. Counted
is what `nightjar sampling` finds in them: nothing in ids that were all kept, the function and the rate in others."""
import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'samplers')
GENERATORS = ['otel-js', 'xray', 'datadog-128', 'datadog-64', 'jaeger-js', 'uuid4', 'uuid7', 'ulid', 'counter']
# sampler: function that is to be found ('': none, it does not decide by the id or by a secret), generators of its ids
SAMPLERS = {
    'otel-js': ('js-xor', ['otel-js', 'xray', 'uuid4']),
    'otel-composite': ('low56', ['otel-js', 'xray', 'uuid7']),
    'dd-trace-js': ('datadog', ['datadog-128', 'datadog-64', 'otel-js']),
    'opencensus-js': ('low52', ['otel-js']),
    'beeline-js': ('beeline-sha1', ['otel-js', 'uuid4']),
    'azure-js': ('azure-djb2', ['otel-js']),
    'otel-go': ('high64', ['otel-js']),
    'opencensus-go': ('high64', ['otel-js']),
    'opencensus-java': ('dotnet', ['otel-js']),
    'jaeger-ruby': ('low64', ['otel-js', 'xray']),
    'jaeger-js': ('', ['jaeger-js']),
    'zipkin-js': ('', ['otel-js']),
    'zipkin-go': ('', ['otel-js', 'jaeger-js']),
    'zipkin-go-modulo': ('', ['otel-js', 'jaeger-js']),
}
RATES = [0.5, 0.25, 0.1, 0.02]
EXTRAS = [0, 0.1]
JARS = '/usr/share/java/opencensus-api.jar'


class Libraries:
    def __init__(self, folder):
        self.folder, self.built = folder, tempfile.mkdtemp()

    def js(self, *words, text=''):
        return subprocess.run(['node', os.path.join(HERE, 'decide.cjs'), *words], input=text, cwd=self.folder,
                              capture_output=True, text=True, check=True).stdout.split()

    def ids(self, generator, count):
        return self.js('ids', generator, str(count))

    def command(self, sampler):
        """What decides, or None where it is not there."""
        if sampler.startswith(('otel-go', 'opencensus-go', 'zipkin-go')):
            program = os.path.join(self.built, 'decide')
            if not os.path.exists(program):
                subprocess.run(['go', 'build', '-o', program, os.path.join(HERE, 'decide.go')], check=True,
                               env={**os.environ, 'GO111MODULE': 'off', 'GOPATH': '/usr/share/gocode'})
            return [program, sampler]
        if sampler == 'opencensus-java':
            if not os.path.exists(os.path.join(self.built, 'Decide.class')):
                subprocess.run(['javac', '-cp', JARS, '-d', self.built, os.path.join(HERE, 'Decide.java')], check=True)
            return ['java', '-cp', f'{self.built}:{JARS}', 'Decide']
        return ['ruby', os.path.join(HERE, 'decide.rb')]

    def decide(self, sampler, rate, ids):
        text = '\n'.join(ids) + '\n'
        if sampler.endswith(('-js', 'otel-composite')):
            return [word == '1' for word in self.js(sampler, str(rate), text=text)]
        done = subprocess.run([*self.command(sampler), str(rate)], input=text, capture_output=True, text=True, check=True)
        return [word == '1' for word in done.stdout.split()]

    def has(self, sampler):
        tools = {'go': ('otel-go', 'opencensus-go', 'zipkin-go'), 'javac': ('opencensus-java',), 'ruby': ('jaeger-ruby',)}
        return all(shutil.which(tool) or not sampler.startswith(names) for tool, names in tools.items())


def write_store(path, ids, r):
    with open(path, 'w', encoding='utf-8') as file:
        for number, trace in enumerate(ids):
            start, length = 1790000000000000000 + number * 10 ** 8, r.randrange(10 ** 9, 4 * 10 ** 9)
            spans = []
            for i, (agent, begin, end) in enumerate([('planner', 0, 1), ('coder', .1, .5), ('critic', .5, .9)], 1):
                spans.append({'traceId': trace, 'spanId': f'{i:016x}', 'name': f'invoke_agent {agent}',
                              'startTimeUnixNano': str(start + int(begin * length)),
                              'endTimeUnixNano': str(start + int(end * length)),
                              'attributes': [{'key': 'gen_ai.operation.name', 'value': {'stringValue': 'invoke_agent'}},
                                             {'key': 'gen_ai.agent.name', 'value': {'stringValue': agent}}],
                              **({'parentSpanId': f'{1:016x}'} if i > 1 else {})})
            file.write(json.dumps({'resourceSpans': [{'scopeSpans': [{'spans': spans}]}]}) + '\n')


def found(nightjar, ids, r):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'traces.jsonl')
        write_store(path, ids, r)
        out = subprocess.run([nightjar, 'sampling', path, '--format', 'json'], capture_output=True, text=True, check=True)
    results = json.loads(out.stdout)
    accepted = [row for row in results['recovered'] if row['stratum'] == '*' and row['is_accepted']]
    return accepted[0] if accepted else None, results['estimated_traces']['est']


def nothing_sampled(libraries, options, r):
    print('| ids of | stores | traces | rates seen |\n|---|--:|--:|--:|')
    for generator in GENERATORS:
        ids = libraries.ids(generator, options.stores * 4 * options.kept)
        sizes, seen = [options.kept // 4, options.kept, 4 * options.kept], 0
        for store in range(options.stores):
            at = store * 4 * options.kept
            seen += found(options.nightjar, ids[at:at + sizes[store % 3]], r)[0] is not None
        print(f'| {generator} | {options.stores} | {sizes[0]}, {sizes[1]}, {sizes[2]} | {seen} |', flush=True)


def sampled(libraries, options, r):
    print('\n| sampler | ids of | stores | function | named | p within 0.5 points | limits hold p | N within 10 % |'
          '\n|---|---|--:|---|--:|--:|--:|--:|')
    for sampler, (function, generators) in SAMPLERS.items():
        if options.only and sampler not in options.only or not libraries.has(sampler):
            continue
        for generator in generators:
            counts = [0] * 5
            for rate in RATES:
                pool = libraries.ids(generator, int(options.stores * options.kept * 1.15 / rate))
                kept = libraries.decide(sampler, rate, pool)
                for store in range(options.stores):
                    size = len(pool) // options.stores
                    part = range(store * size, (store + 1) * size)
                    extra = EXTRAS[store % len(EXTRAS)] * rate / (1 - rate)
                    ids = [pool[i] for i in part if kept[i] or r.random() < extra]
                    row, estimated = found(options.nightjar, ids, r)
                    counts[0] += 1
                    if not function:
                        counts[1] += row is None
                    elif row and row['hash'] == function:
                        counts[1] += 1
                        counts[2] += abs(row['p'] - rate) <= 0.005
                        counts[3] += row['lo'] <= rate <= row['hi']
                        counts[4] += abs(estimated / size - 1) <= 0.1
            rest = counts[2:] if function else ['', '', '']
            print(f'| {sampler} | {generator} | {counts[0]} | {function or "none"} | {counts[1]} | '
                  + ' | '.join(map(str, rest)) + ' |', flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('nightjar')
    parser.add_argument('libraries')
    parser.add_argument('--stores', type=int, default=10)
    parser.add_argument('--kept', type=int, default=400)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--only', nargs='*')
    options = parser.parse_args()
    libraries, r = Libraries(options.libraries), random.Random(options.seed)
    if not options.only:
        nothing_sampled(libraries, options, r)
    sampled(libraries, options, r)


if __name__ == '__main__':
    main()
