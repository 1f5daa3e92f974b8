#!/usr/bin/env python3
"""twins.py - sampled stores against their unsampled twins, through the command line.

usage: bench/twins.py NIGHTJAR [--twins N] [--traces N] [--seed S]

Makes stores of traces of three agents, samples each by several designs as real samplers do
(thresholds in tracestate, a ratio sampler that records nothing), runs `nightjar sampling` on both
and counts how often the 95 % interval of the sampled store holds the number of the whole one, by
design, agent and metric."""
import argparse
import collections
import json
import math
import os
import random
import subprocess
import sys
import tempfile

METRICS = ['error_rate', 'mean', 'p50', 'p90', 'p95', 'p99']
END = 1 << 56


def span(trace, number, parent, agent, start, end, is_error):
    out = {'traceId': trace['id'], 'spanId': f'{number:016x}', 'name': 'invoke_agent ' + agent,
           'startTimeUnixNano': str(start), 'endTimeUnixNano': str(end), 'flags': 3,
           'attributes': [{'key': 'gen_ai.operation.name', 'value': {'stringValue': 'invoke_agent'}},
                          {'key': 'gen_ai.agent.name', 'value': {'stringValue': agent}}]}
    if parent:
        out['parentSpanId'] = f'{parent:016x}'
    if is_error:
        out['status'] = {'code': 2}
    return out


def trace_make(r, number):
    """A planner, often some calls of a coder and one of a critic, all slower in slow traces."""
    trace = {'id': f'{r.getrandbits(128):032x}'}
    effect, start = r.gauss(0, 0.5), 1700000000000000000 + number * 500000000
    children, at = [], start
    for agent, calls in [('coder', r.choice([0, 1, 1, 2, 4])), ('critic', r.choice([0, 1]))]:
        for _ in range(calls):
            length = int(1e9 * math.exp(effect + r.gauss(0, 0.5)))
            children.append((agent, at, at + length))
            at += length
    end = at + int(1e8 * math.exp(effect + r.gauss(0, 0.6)))
    p = 1 / (1 + math.exp(4.4 - 1.6 * effect))
    failed = r.randrange(len(children)) if children and r.random() < p else None
    trace['spans'] = [span(trace, 1, 0, 'planner', start, end, failed is not None)]
    for i, (agent, begin, stop) in enumerate(children):
        trace['spans'].append(span(trace, i + 2, 1, agent, begin, stop, i == failed))
    trace['error'], trace['length'] = failed is not None, end - start
    trace['coding'] = sum(agent == 'coder' for agent, _, _ in children) > 1
    return trace


def threshold_of(rate):
    return round((1 - rate) * END)


def keep(trace, rate):
    """Keeps by the low 56 bits of the id, and says so; None: dropped."""
    threshold = threshold_of(rate)
    if int(trace['id'][-14:], 16) < threshold:
        return None
    state = 'ot=th:' + (f'{threshold:014x}'.rstrip('0') or '0')
    return {**trace, 'spans': [{**s, 'traceState': state} for s in trace['spans']]}


def designs(slow):
    def ratio(trace, r):  # Python's ratio sampler, and one in 50 of the rest, nothing recorded
        return trace if int(trace['id'][-16:], 16) < 0.1 * 2 ** 64 or r.random() < 0.01 else None
    return {
        'head 5 %': lambda t, r: keep(t, 0.05),
        'errors, else 5 %': lambda t, r: keep(t, 1 if t['error'] else 0.05),
        'slow, else 5 %': lambda t, r: keep(t, 1 if t['length'] > slow else 0.05),
        'errors, slow, coding 25 %, else 4 %': lambda t, r: keep(
            t, 1 if t['error'] or t['length'] > slow else 0.25 if t['coding'] else 0.04),
        'ratio 10 %, recovered from ids': ratio,
    }


def analyze(nightjar, traces, folder):
    path = os.path.join(folder, 'store.json')
    with open(path, 'w', encoding='utf-8') as out:
        json.dump({'resourceSpans': [{'resource': {'attributes': [
            {'key': 'service.name', 'value': {'stringValue': 'agents'}}]}, 'scopeSpans': [
                {'scope': {'name': 'twins'}, 'spans': [s for t in traces for s in t['spans']]}]}]},
                  out)
    done = subprocess.run([nightjar, 'sampling', path, '--format', 'json'], check=True,
                          capture_output=True)
    return json.loads(done.stdout)


def twin_score(counts, name, whole, part):
    truth = {(r['agent'], r['metric']): r['naive'] for r in whole['rows']}
    for row in part['rows']:
        key = (row['agent'], row['metric'])
        if key not in truth or row['weighted'] is None:
            continue
        count = counts[(name, *key)]
        count['tried'] += 1
        count['above'] += row['lo'] is not None and row['lo'] > truth[key] * (1 + 1e-12)
        count['below'] += row['hi'] is not None and row['hi'] < truth[key] * (1 - 1e-12)
        count['unlimited'] += row['hi'] is None
        count['n_eff'] += row['n_eff'] or 0
        count['plain'] += abs(row['naive'] - truth[key]) > 0.05 * abs(truth[key])
    total, count = part['estimated_traces'], counts[(name, '*', 'traces')]
    count['tried'] += 1
    count['above'] += total['lo'] is not None and total['lo'] > whole['traces']
    count['below'] += total['hi'] is not None and total['hi'] < whole['traces']
    count['n_eff'] += part['kish_n_eff']


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('nightjar')
    parser.add_argument('--twins', type=int, default=100)
    parser.add_argument('--traces', type=int, default=4000)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    r = random.Random(options.seed)
    counts = collections.defaultdict(collections.Counter)
    lengths = sorted(trace_make(r, i)['length'] for i in range(20000))
    kinds = designs(lengths[19400])
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.twins):
            traces = [trace_make(r, i) for i in range(options.traces)]
            whole = analyze(options.nightjar, traces, folder)
            for name, choose in kinds.items():
                kept = [k for k in (choose(t, r) for t in traces) if k]
                twin_score(counts, name, whole, analyze(options.nightjar, kept, folder))
    print('| design | agent | metric | n_eff | held % | above % | below % | no limit % '
          '| plain number off by > 5 % % |\n|---|---|---|--:|--:|--:|--:|--:|--:|')
    for (name, agent, metric), c in counts.items():
        n = c['tried'] / 100
        print(f"| {name} | {agent} | {metric} | {c['n_eff'] / c['tried']:.0f} "
              f"| {(c['tried'] - c['above'] - c['below']) / n:.1f} | {c['above'] / n:.1f} "
              f"| {c['below'] / n:.1f} | {c['unlimited'] / n:.1f} | {c['plain'] / n:.1f} |")
    return 0


if __name__ == '__main__':
    sys.exit(main())
