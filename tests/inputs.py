#!/usr/bin/env python3
"""inputs.py - trace files as people have them: counted independently, exported without loss,
damaged, and the same run in several formats."""
import copy
import glob
import gzip
import hashlib
import json
import os
import random
import re
import sqlite3
import struct
import subprocess
import unittest

from cli import Cli, DATA, NIGHTJAR, NOW, ROOT, TRACES

ACCEPTED = os.path.join(ROOT, 'fixtures/accept')
NOT_TRACES = ('truth', 'label', 'expect', 'nezha', 'weight_vec', 'junit', 'LICENSE', 'README',
              '.csv', '.yaml')


def real_files():
    """The trace files of NIGHTJAR_DATA."""
    paths = sorted(glob.glob(os.path.join(DATA, '**', '*'), recursive=True)) if DATA else []
    return [p for p in paths
            if os.path.isfile(p) and not any(x in p[len(DATA):] for x in NOT_TRACES)]


def fixtures(*formats, damaged=False):
    """Hand-written files of these formats, or of all; those that are damaged on purpose only
    where they are wanted."""
    names = formats or sorted(os.listdir(ACCEPTED))
    paths = [p for name in names for p in sorted(glob.glob(os.path.join(ACCEPTED, name, '*')))]
    return [p for p in paths if not p.endswith(('.spans', '.sql'))
            and (damaged or 'damaged' not in p)]


def documents(text):
    """JSON values of a document, of lines, or of documents behind each other."""
    decoder, at = json.JSONDecoder(), 0
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        yield value


def protobuf(data):
    """Fields of a protobuf message: number and value, bytes where they are of any length."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, data[at:at + length]
        at += length


def protobuf_spans(request):
    for _, resource in (f for f in protobuf(request) if f[0] == 1):
        for _, scope in (f for f in protobuf(resource) if f[0] == 2):
            for _, span in (f for f in protobuf(scope) if f[0] == 2):
                ids = dict(protobuf(span))
                yield ids[1].hex(), span


def records(data):
    """Length-prefixed records of a collector."""
    at = 0
    while at < len(data):
        length = struct.unpack('>I', data[at:at + 4])[0]
        yield data[at + 4:at + 4 + length]
        at += 4 + length


def objects(value, is_span, around=''):
    """Every object inside `value` that is a span, with what stands around it."""
    if isinstance(value, list):
        for element in value:
            yield from objects(element, is_span, around)
    elif isinstance(value, dict) and is_span(value):
        yield value, around
    elif isinstance(value, dict):
        outer = around + json.dumps([value.get(k) for k in ('resource', 'scope')])
        for key, member in value.items():
            if key not in ('trace', 'processes') or 'observations' not in value:
                yield from objects(member, is_span, outer)


def count_json(text):
    """Distinct spans and traces of a JSON file of any format, by the names of its ids."""
    seen, traces = set(), set()
    for document in documents(text):
        shapes = (('traceId', 'spanId'), ('traceIdLow', 'spanId'), ('traceID', 'spanID'),
                  ('traceId', 'parentObservationId'),
                  ('traceId', 'id'))
        for trace, span in shapes:
            found = list(objects(document, lambda o, t=trace, s=span: t in o and s in o))
            if not found and span == 'spanID':
                found = list(objects(document, lambda o: 'spanID' in o and 'startTime' in o))
            for o, around in found:
                seen.add(around + json.dumps(o, sort_keys=True))
                traces.add(str(o.get(trace, '')).lower())
            if found:
                break
    return len(seen), len(traces)


def count(path):
    """Distinct spans and traces of a file, read without nightjar."""
    if path.endswith('.db'):
        with sqlite3.connect(f'file:{path}?mode=ro&immutable=1', uri=True) as db:
            where = " from mastra_ai_spans where spanType <> 'model_chunk' and not isEvent"
            return db.execute('select count(*), count(distinct traceId)' + where).fetchone()
    with open(path, 'rb') as file:
        data = file.read()
    if data[:2] == b'\x1f\x8b':
        data = gzip.decompress(data)
    if path.endswith(('.pb', '.binpb')):
        requests = [data] if path.endswith('.pb') else records(data)
        spans = {span for request in requests for span in protobuf_spans(request)}
        return len(spans), len({trace for trace, _ in spans})
    return count_json(data.decode())


class Inputs(Cli):
    def stored(self, path):
        """Spans of an input that are in the store, and what info says."""
        info = self.json('info', path)
        return sum(i['spans'] for i in info['inputs']), info


class Counts(Inputs):
    def test_counts_spans_and_traces_of_real_files_as_an_independent_reader_does(self):
        files = real_files()
        if not files:
            self.skipTest('NIGHTJAR_DATA is not set')
        for path in files:
            with self.subTest(path):
                spans, info = self.stored(path)
                self.assertEqual((spans, info['traces']), tuple(count(path)))

    def test_counts_spans_and_traces_of_its_own_fixtures(self):
        for path in sorted(glob.glob(TRACES + '/*') + glob.glob(ROOT + '/fixtures/protobuf/*')):
            with self.subTest(path):
                spans, info = self.stored(path)
                self.assertEqual((spans, info['traces']), tuple(count(path)))

    def test_tells_how_often_a_span_was_repeated(self):
        path = os.path.join(TRACES, 'triage_ai_sdk.jsonl')
        with open(path, encoding='utf-8') as file:
            lines = file.readlines()
        twice = self.write('twice.jsonl', ''.join(lines + lines[:1]))
        first = self.stored(self.write('first.jsonl', lines[0]))[0]
        spans, info = self.stored(twice)
        self.assertEqual(spans, self.stored(path)[0])
        self.assertEqual(info['inputs'][0]['repeated'], first)


class RandomSpans:
    """OTLP requests with everything that they may hold."""
    TEXTS = ['', 'plain', 'a "quoted" \\ text\n', '\u00e4\u4e16\U0001f680', '\x01\x7f', 'x' * 300]
    DOUBLES = [0.0, -0.0, 1.5, -2.5e-300, 1.7976931348623157e308, 5e-324, 1e16, 0.1,
               'NaN', 'Infinity', '-Infinity']
    INTS = [0, 1, -1, 2 ** 53 + 1, 2 ** 63 - 1, -2 ** 63]

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth=0):
        draw = self.random.randrange(8 if depth < 4 else 6)
        choice = self.random.choice
        if draw == 6:
            return {'arrayValue': {'values': [self.value(depth + 1)
                                              for _ in range(self.random.randrange(4))]}}
        if draw == 7:
            return {'kvlistValue': {'values': self.attributes(depth + 1)}}
        return [{'stringValue': choice(self.TEXTS)}, {'boolValue': choice([True, False])},
                {'intValue': str(choice(self.INTS))}, {'doubleValue': choice(self.DOUBLES)},
                {'bytesValue': choice(['', 'AA==', 'AP8Q', 'aGVsbG8='])}, {}][draw]

    def attributes(self, depth=0):
        return [{'key': f'key.{i}' + self.random.choice(self.TEXTS[:4]), 'value': self.value(depth)}
                for i in range(self.random.randrange(6))]

    def around(self):
        return {'name': self.random.choice(self.TEXTS), 'version': '1',
                'attributes': self.attributes()}

    def span(self, number):
        r = self.random
        start = 1772359200000000000 + r.randrange(10 ** 9)
        span = {'traceId': f'{r.randrange(1, 4):032x}', 'spanId': f'{number:016x}',
                'parentSpanId': f'{r.randrange(1, 30):016x}', 'name': r.choice(self.TEXTS),
                'kind': r.randrange(6), 'startTimeUnixNano': str(start), 'flags': r.choice([0, 257]),
                'endTimeUnixNano': str(start + r.randrange(10 ** 9)), 'traceState': r.choice(['', 'a=b']),
                'attributes': self.attributes(), 'droppedAttributesCount': r.choice([0, 2]),
                'droppedEventsCount': r.choice([0, 3]), 'droppedLinksCount': r.choice([0, 4]),
                'status': {'code': r.randrange(3), 'message': r.choice(self.TEXTS)},
                'events': [{'timeUnixNano': str(start + i), 'name': r.choice(self.TEXTS),
                            'attributes': self.attributes(), 'droppedAttributesCount': i}
                           for i in range(r.randrange(3))],
                'links': [{'traceId': f'{r.randrange(1, 9):032x}', 'spanId': f'{r.randrange(1, 99):016x}',
                           'traceState': r.choice(['', 'c=d']), 'attributes': self.attributes(),
                           'flags': r.choice([0, 1])} for _ in range(r.randrange(3))]}
        if r.randrange(3) == 0:
            del span['parentSpanId']
        return span

    def requests(self, count):
        return [{'resourceSpans': [{
            'resource': {'attributes': self.attributes()}, 'schemaUrl': self.random.choice(['', 'u']),
            'scopeSpans': [{'scope': self.around(), 'schemaUrl': self.random.choice(['', 'v']),
                            'spans': [self.span(10 * k + i + 1)]} for i in range(2)]}]}
                for k in range(count)]


def bare(value):
    """Without members that say nothing: empty lists and texts, and zeros that are the default.
    Values of attributes stay what they are."""
    if isinstance(value, list):
        return [bare(v) for v in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, member in value.items():
        if key == 'value':  # 0 is the same double as 0.0, and not as -0.0
            out[key] = re.sub(r'("doubleValue": )(-?[0-9][^},]*)',
                              lambda m: m[1] + repr(float(m[2])),
                              json.dumps(member, sort_keys=True))
        elif bare(member) not in ([], {}, '', 0):
            out[key] = bare(member)
    return out


def contents(requests):
    """Every span with its resource and scope, in an order of its own."""
    return sorted(json.dumps([bare(around['resource']), around.get('schemaUrl', ''),
                              bare(scope['scope']), scope.get('schemaUrl', ''), bare(span)],
                             sort_keys=True)
                  for request in requests for around in request['resourceSpans']
                  for scope in around['scopeSpans'] for span in scope['spans'])


class Oddities(Inputs):
    def test_each_is_counted_where_it_was_made(self):
        paths = sorted(glob.glob(os.path.join(ROOT, 'fixtures/oddities/*')))
        self.assertGreater(len(paths), 20)
        for path in paths:
            with self.subTest(path):
                name = os.path.basename(path).split('.')[0]
                found = {d['id']: d for d in self.stored(path)[1]['diagnostics']}
                self.assertIn(name, found)
                self.assertTrue(found[name]['places'])
                self.assertTrue(found[name]['help'])


class Lossless(Inputs):
    """An export is imported as the same spans, with the same results."""

    def results(self, path):
        self.run_it('run', path, '-q', '-o', 'out', *NOW)
        with open(self.path('out/results.json'), encoding='utf-8') as file:
            results = json.load(file)
        for key in ('inputs', 'info', 'provenance'):
            results.pop(key, None)
        return results

    def export(self, path, name):
        return self.write(name, self.run_it('export', path, '--to', 'otlp')[0])

    def check(self, path):
        first = self.export(path, 'first.jsonl')
        second = self.export(first, 'second.jsonl')
        with open(first, 'rb') as a, open(second, 'rb') as b:
            self.assertEqual(hashlib.sha256(a.read()).digest(), hashlib.sha256(b.read()).digest())
        mine, other = self.results(path), self.results(first)
        # what was odd about the file itself is not odd about its export
        losses = {d['id'] for d in mine.get('diagnostics', []) if d['severity'] == 'loss'}
        losses.add('dropped-by-exporter')  # counts records, and a record may be repeated
        for results in (mine, other):
            results['diagnostics'] = [d for d in results.get('diagnostics', [])
                                      if d['id'] not in losses]
        self.assertEqual(mine, other)

    def test_of_random_spans_with_values_of_every_type(self):
        for seed in range(20):
            requests = RandomSpans(seed).requests(10)
            path = self.write('random.jsonl', '\n'.join(json.dumps(r) for r in requests) + '\n')
            exported = [json.loads(line) for line in
                        self.run_it('export', path, '--to', 'otlp')[0].splitlines()]
            with self.subTest(seed=seed):
                self.assertEqual(contents(requests), contents(exported))
                self.check(path)

    def test_of_fixtures_of_every_format(self):
        for path in fixtures() + sorted(glob.glob(TRACES + '/*')):
            with self.subTest(path):
                self.check(path)

    def test_of_real_files(self):
        files = real_files()
        if not files:
            self.skipTest('NIGHTJAR_DATA is not set')
        for path in files:
            with self.subTest(path):
                self.check(path)


def plain(value):
    """An OTLP value as a plain one."""
    kind, inner = next(iter(value.items()), (None, None))
    if kind == 'arrayValue':
        return [plain(v) for v in inner.get('values', [])]
    if kind == 'kvlistValue':
        return {v['key']: plain(v['value']) for v in inner.get('values', [])}
    return int(inner) if kind == 'intValue' else inner


def otlp_spans(path):
    """Spans of an OTLP JSON file: resource, span, attributes."""
    with open(path, encoding='utf-8') as file:
        for document in documents(file.read()):
            for around in document['resourceSpans']:
                resource = {a['key']: plain(a['value']) for a in around['resource']['attributes']}
                for scope in around['scopeSpans']:
                    for span in scope['spans']:
                        attributes = {a['key']: plain(a['value'])
                                      for a in span.get('attributes', [])}
                        yield resource, span, attributes


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


def times_us(span):
    start, end = int(span['startTimeUnixNano']), int(span['endTimeUnixNano'])
    return start / 1000, (end - start) / 1000


def zipkin_of(path):
    """As exporters write Zipkin: microseconds with a fraction, all tags text."""
    out = []
    for resource, span, attributes in otlp_spans(path):
        start, duration = times_us(span)
        tags = {key: text_of(value) for key, value in attributes.items()}
        if span.get('status', {}).get('code') == 2:
            tags['error'] = span['status'].get('message') or 'true'
        kind = [None, None, 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'][span.get('kind', 0)]
        out.append({'traceId': span['traceId'], 'id': span['spanId'], 'name': span['name'],
                    'timestamp': start, 'duration': duration, 'tags': tags, 'kind': kind,
                    'parentId': span.get('parentSpanId') or None,
                    'localEndpoint': {'serviceName': resource['service.name']}})
    return json.dumps([{k: v for k, v in span.items() if v is not None} for span in out])


def jaeger_of(path):
    """As Jaeger's query API answers: whole microseconds, typed tags, one process a service."""
    traces = {}
    for resource, span, attributes in otlp_spans(path):
        start, duration = times_us(span)
        trace = traces.setdefault(span['traceId'], {'traceID': span['traceId'], 'spans': [],
                                                    'processes': {}})
        service = resource['service.name']
        trace['processes'][service] = {'serviceName': service, 'tags': []}
        tags = [{'key': key, 'type': 'string', 'value': text_of(value)}
                for key, value in attributes.items()]
        if span.get('status', {}).get('code') == 2:
            tags.append({'key': 'error', 'type': 'bool', 'value': True})
        parent = span.get('parentSpanId')
        trace['spans'].append({
            'traceID': span['traceId'], 'spanID': span['spanId'], 'operationName': span['name'],
            'startTime': int(start), 'duration': int(duration), 'processID': service,
            'tags': tags, 'logs': [], 'references': [
                {'refType': 'CHILD_OF', 'traceID': span['traceId'], 'spanID': parent}]
            if parent else []})
    return json.dumps({'data': list(traces.values())})


class SameRun(Inputs):
    """One run in four formats has the same latencies, to the resolution of each."""

    def rows(self, path):
        return {(r['agent'], r['kind'], r['operation']):
                (r['n'], r['errors'], [r['min'], r['max']] + [q['est'] for q in r['quantiles']])
                for r in self.json('latency', path)['rows']}

    def check(self, path, others):
        mine = self.rows(path)
        self.assertGreater(len(mine), 3)
        for other in others:
            with self.subTest(other):
                theirs = self.rows(other)
                self.assertEqual(set(mine), set(theirs))
                for key, (n, errors, times) in mine.items():
                    self.assertEqual((n, errors), theirs[key][:2], key)
                    for a, b in zip(times, theirs[key][2]):
                        self.assertLessEqual(abs(a - b), 2000, key)

    def test_of_three_libraries(self):
        for name in ('triage_ai_sdk', 'newsroom_langgraph', 'library_openai_agents'):
            path = os.path.join(TRACES, name + '.jsonl')
            self.check(path, [os.path.join(ROOT, 'fixtures/protobuf', name + '.binpb'),
                              self.write('zipkin.json', zipkin_of(path)),
                              self.write('jaeger.json', jaeger_of(path))])


def paths_in(value, path=()):
    """The place of every value inside another one."""
    yield path
    members = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from paths_in(member, path + (key,))


def replaced(document, path, value):
    document = copy.deepcopy(document)
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return document


class Damage(Inputs):
    """Damaged copies never crash, lose no more than is damaged, and say where it is."""
    def setUp(self):
        super().setUp()
        self.random = random.Random(int(os.environ.get('NJ_SEED', '4')))

    def judge(self, data, spans, most, is_whole=False):
        """`most` spans may be lost of `spans`; silently only where what is left `is_whole`."""
        with open(self.path('damaged'), 'wb') as file:
            file.write(data)
        done = subprocess.run([NIGHTJAR, 'info', 'damaged', '--format', 'json'], cwd=self.folder,
                              capture_output=True, check=False, timeout=100)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        if done.returncode == 3 and is_whole:
            return
        if done.returncode == 3:
            self.assertRegex(done.stderr.decode(), r'byte \d+|damaged:\d+|row \d+|cannot be read')
            self.assertLessEqual(spans, most, done.stderr)
            return
        info = json.loads(done.stdout)
        losses = [d for d in info['diagnostics'] if d['severity'] == 'loss']
        self.assertTrue(all(d['places'] for d in losses))
        lost = spans - sum(i['spans'] for i in info['inputs'])
        self.assertLessEqual(lost, most, losses)
        if lost > 0 and not is_whole:
            self.assertTrue(losses or self.is_kept(data), f'{lost} of {spans} spans are lost without a word')

    def is_kept(self, data):
        """Whether every name is in an export all the same: under a damaged key, runs become attributes."""
        done = subprocess.run([NIGHTJAR, 'export', 'damaged', '--to', 'otlp'], cwd=self.folder,
                              capture_output=True, check=True, timeout=100)
        names = re.findall(rb'"name": "([^"]+)"', data)
        return len(names) > 0 and all(name in done.stdout for name in names)

    def each(self, paths, change):
        for path in paths:
            with open(path, 'rb') as file:
                data = file.read()
            with self.subTest(file=os.path.relpath(path, ROOT)):
                change(path, data, self.stored(path)[0])

    def cut(self, path, data, spans):
        for _ in range(2):
            at = self.random.randrange(1, len(data))
            with self.subTest(cut=at):
                is_line = b'\n' in data[at - 1:at + 1]
                self.judge(data[:at], spans, spans, is_line)

    def flip(self, path, data, spans):
        for _ in range(3):
            at, bit = self.random.randrange(len(data)), 1 << self.random.randrange(8)
            flipped = data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]
            with self.subTest(flip=at, bit=bit):
                self.judge(flipped, spans, spans)

    def retype(self, path, data, spans):
        """A value of another type costs at most the span that it belongs to; one that holds
        spans costs those."""
        if data[:1] not in (b'{', b'['):
            return
        values = list(documents(data.decode()))
        other = [None, 7, -1.5, 'x', [], {}, True, [1], {'a': 1}, '']
        for _ in range(5):
            k = self.random.randrange(len(values))
            path_in = self.random.choice(list(paths_in(values[k]))[1:])
            value = self.random.choice(other)
            held = self.held_by(self.at(values[k], path_in))
            changed = values[:k] + [replaced(values[k], path_in, value)] + values[k + 1:]
            with self.subTest(path=path_in, value=value):
                text = '\n'.join(json.dumps(v) for v in changed)
                is_empty = not value or isinstance(value, dict)  # it says that there is nothing
                self.judge(text.encode(), spans, max(1, held, spans if len(path_in) < 2 else 0), is_empty)

    @staticmethod
    def held_by(value):
        """How many spans may be inside: objects with an id, whatever a format calls it."""
        if isinstance(value, list):
            return sum(map(Damage.held_by, value))
        if not isinstance(value, dict):
            return 0
        ids = {'span_id', 'spanId', 'spanID', 'id', 'run_id', 'context', 'context.span_id', 'SpanId'}
        return bool(ids & set(value)) + sum(map(Damage.held_by, value.values()))

    @staticmethod
    def at(value, path):
        for key in path:
            value = value[key]
        return value

    def test_cut(self):
        self.each(fixtures() + self.small(), self.cut)

    def test_flipped_bits(self):
        self.each(fixtures() + self.small(), self.flip)

    def test_values_of_another_type(self):
        self.each(fixtures() + self.small(), self.retype)

    @staticmethod
    def small():
        return [p for p in real_files() if os.path.getsize(p) < 200000]

    def test_a_damaged_line_costs_that_line(self):
        with open(os.path.join(TRACES, 'triage_ai_sdk.jsonl'), 'rb') as file:
            lines = file.read().splitlines()
        spans = [self.stored(self.write('line', line.decode()))[0] for line in lines]
        for _ in range(10):
            k = self.random.randrange(len(lines))
            at = self.random.randrange(len(lines[k]))
            damaged = lines[k][:at] + b'\x00' + lines[k][at + 1:]
            with self.subTest(line=k, byte=at):
                self.judge(b'\n'.join(lines[:k] + [damaged] + lines[k + 1:]), sum(spans), spans[k])


if __name__ == '__main__':
    unittest.main(verbosity=0)
