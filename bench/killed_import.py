#!/usr/bin/env python3
"""killed_import.py - an import that is killed at random moments and begun anew must end in the
same store as one that was left alone.

usage: bench/killed_import.py --program build/nightjar [--trials 24] [--kills 3] [--seed 1]
       [--spans 600000 | FILE...]

Each trial kills the import up to --kills times (SIGKILL, anywhere between its start and the time
that an undisturbed one takes), lets the last run end, and compares everything that the store
holds: the ledger, the traces, every span with all it carried as `export --to otlp` writes it,
and SQLite's own integrity check. Without FILE it makes spans of its own: more than are written
between two safe places, so that resuming is tried, too. Exit code 1: a store differed.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

LINE_SPANS = 100
TRACE_SPANS = 25


def made_line(rng, first):
    """A request of spans first .. first + LINE_SPANS, in traces of TRACE_SPANS."""
    spans = []
    for i in range(first, first + LINE_SPANS):
        trace, at = divmod(i, TRACE_SPANS)
        start = 1760000000000000000 + trace * 1000000 + at * 1000
        parent = '' if at == 0 else f'"parentSpanId":"{trace * TRACE_SPANS + at // 2 + 1:016x}",'
        spans.append(
            f'{{"traceId":"{trace + 1:032x}","spanId":"{i + 1:016x}",{parent}"name":"step {at}",'
            f'"startTimeUnixNano":"{start}","endTimeUnixNano":"{start + rng.randrange(900000)}",'
            f'"attributes":[{{"key":"gen_ai.agent.name","value":{{"stringValue":"agent {at % 5}"}}}},'
            f'{{"key":"note","value":{{"stringValue":"{rng.getrandbits(64):x}"}}}}]}}')
    return ('{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"made"},"spans":['
            + ','.join(spans) + ']}]}]}\n')


def made_file(path, spans, rng):
    with open(path, 'w', encoding='utf-8') as out:
        for first in range(0, spans, LINE_SPANS):
            out.write(made_line(rng, first))
    return path


def content(program, store):
    """All that the store holds, by what it says and not by where it stands."""
    db = sqlite3.connect(store)
    found = {'integrity': db.execute('PRAGMA integrity_check').fetchall()}
    for name, sql in {
            'traces': 'SELECT hex(id), text, spans, start_ns FROM traces ORDER BY id',
            'inputs': 'SELECT path, format, bytes, digest, offset, spans, repeated, is_finished'
                      ' FROM inputs ORDER BY path',
            'diagnostics': 'SELECT path, id, count, places FROM input_diagnostics'
                           ' JOIN inputs ON number = input ORDER BY path, id'}.items():
        rows = db.execute(sql).fetchall()
        found[name] = (len(rows), hashlib.sha256(json.dumps(rows).encode()).hexdigest())
    db.close()
    digest = hashlib.sha256()
    with subprocess.Popen([program, 'export', store, '--to', 'otlp', '-q'],
                          stdout=subprocess.PIPE) as export:
        for block in iter(lambda: export.stdout.read(1 << 20), b''):
            digest.update(block)
    found['spans'] = (export.returncode, digest.hexdigest())
    return found


def import_begin(program, inputs, store):
    return subprocess.Popen([program, 'import', *inputs, '-d', store, '-q'])


def has_progress(store, folder):
    """Whether a safe place was reached. Looks at a copy: who opens a store after a kill repairs it,
    and that is for the next import to do."""
    copy = os.path.join(folder, 'copy.db')
    for end in ['', '-journal']:
        if os.path.exists(store + end):
            shutil.copyfile(store + end, copy + end)
    db = sqlite3.connect(copy)
    try:
        rows = db.execute('SELECT count(*) FROM inputs WHERE offset > 0 AND NOT is_finished')
        return rows.fetchone()[0] > 0
    except sqlite3.Error:
        return False
    finally:
        db.close()
        for end in ['', '-journal']:
            if os.path.exists(copy + end):
                os.remove(copy + end)


def trial(options, inputs, folder, seconds, rng):
    """The content after kills, how often a running import was killed, how often it resumed."""
    store = os.path.join(folder, 'killed.db')
    killed = resumed = 0
    for _ in range(rng.randint(1, options.kills)):
        process = import_begin(options.program, inputs, store)
        time.sleep(rng.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        resumed += has_progress(store, folder)
    code = import_begin(options.program, inputs, store).wait()
    found = content(options.program, store) if code == 0 else {'exit code': code}
    for name in os.listdir(folder):
        if name.startswith('killed.db'):
            os.remove(os.path.join(folder, name))
    return found, killed, resumed


def run(options, folder):
    rng = random.Random(options.seed)
    inputs = [os.path.abspath(path) for path in options.files]
    if not inputs:
        inputs = [made_file(os.path.join(folder, 'made.jsonl'), options.spans, rng)]
    whole = os.path.join(folder, 'whole.db')
    begin = time.monotonic()
    if import_begin(options.program, inputs, whole).wait() != 0:
        raise SystemExit('the undisturbed import failed')
    seconds = time.monotonic() - begin
    want = content(options.program, whole)
    same = kills = resumes = 0
    for number in range(options.trials):
        found, killed, resumed = trial(options, inputs, folder, seconds, rng)
        kills += killed
        resumes += resumed
        same += found == want
        if found != want:
            print(f'trial {number + 1}: {found}\n  expected {want}')
    print(f'{same} of {options.trials} identical after {kills} kills, {resumes} times resumed in'
          ' the middle')
    return 0 if same == options.trials else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', required=True)
    parser.add_argument('--trials', type=int, default=24)
    parser.add_argument('--kills', type=int, default=3)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--spans', type=int, default=600000)
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    folder = tempfile.mkdtemp()
    try:
        return run(options, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    sys.exit(main())
