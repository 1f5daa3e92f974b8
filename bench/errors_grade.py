#!/usr/bin/env python3
"""errors_grade.py - how well `nightjar errors` finds causes that are known.

    bench/errors_grade.py --program build/nightjar [--seeds 5] [--traces 1000]
    bench/errors_grade.py --program build/nightjar PREFIX...

The first form makes traces with faults.py, for all profiles; the second reads
PREFIX.otlp.jsonl and PREFIX.truth.jsonl. One line a profile or prefix: of the failed traces,
how often a true origin is ranked first and among the first three, and the same for the rule
"the first error without an erring child"; how many A edges are true, A and B edges are true,
true edges were found; how often the way of absorption is right.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile


def lines_of(text):
    return (json.loads(line) for line in text.splitlines())


def spans_of(path):
    """Spans of each trace, as far as the plain rule needs them."""
    traces = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        for line in file:
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        traces[span["traceId"]][span["spanId"]] = (
                            int(span["startTimeUnixNano"]), span.get("parentSpanId"),
                            span.get("status", {}).get("code") == 2)
    return traces


def plain_guess(spans):
    """The last span of error status that has no child of error status."""
    has_erring_child = {parent for _, parent, is_error in spans.values() if is_error}
    own = [(start, i) for i, (start, _, is_error) in spans.items()
           if is_error and i not in has_erring_child]
    return max(own)[1] if own else None


def true_origins(truth):
    return {i for o in truth["origins"] if o["state"] == "surfaced"
            for i in (o["span_id"], *o["equivalent"])}


def grade_trace(count, wrong, truth, found, spans):
    key = truth["trace_id"][:8], truth["scenario"]
    if truth["failed"]:
        want, got = true_origins(truth), [o["span_id"] for o in found["origins"]]
        count["failed"] += 1
        count["first"] += got[:1] != [] and got[0] in want
        count["three"] += any(i in want for i in got[:3])
        count["plain"] += plain_guess(spans) in want
        if not got or got[0] not in want:
            wrong["origin"].append(key)
    true = {(e["from"], e["to"]): e for e in truth["edges"]}
    best = {}
    for edge in found["edges"]:
        pair = edge["from"], edge["to"]
        if pair not in best or edge["conf"] < best[pair]["conf"]:
            best[pair] = edge
    for pair, edge in best.items():
        for name in {"A": ("a", "ab"), "B": ("ab",), "C": ()}[edge["conf"]]:
            count[name] += 1
            count[name + "_true"] += pair in true
        if edge["conf"] != "C" and pair not in true:
            wrong["edge " + edge["conf"] + " " + edge["why"]].append(key + pair)
    for pair, edge in true.items():
        count["edges"] += 1
        is_found = pair in best and best[pair]["conf"] != "C"
        count["edges_found"] += is_found
        if not is_found:
            wrong["missed " + edge["type"] + " " + edge["obs"]].append(key + pair)
    ways = {o["span_id"]: o["how"] for o in truth["origins"] if o["state"] == "absorbed"}
    for origin in found["origins"]:
        if origin["state"] == "absorbed" and origin["span_id"] in ways:
            count["ways"] += 1
            count["ways_right"] += origin["how"] == ways[origin["span_id"]]


def grade(program, prefix, count, wrong):
    path = prefix + ".otlp.jsonl"
    run = subprocess.run([program, "errors", path, "--per-trace", "--format", "json",
                          "--sideways", "chain", "--quiet"], check=True, capture_output=True,
                         text=True)
    found = {f["trace_id"]: f for f in lines_of(run.stdout)}
    spans = spans_of(path)
    with open(prefix + ".truth.jsonl", encoding="utf-8") as file:
        for truth in lines_of(file.read()):
            grade_trace(count, wrong, truth, found[truth["trace_id"]], spans[truth["trace_id"]])


def show(name, count, wrong, details):
    def share(a, b):
        return f"{count[a] / count[b]:.4f}" if count[b] else "-"
    print(f"{name:10} {count['failed']:6} {share('first', 'failed'):>7} "
          f"{share('three', 'failed'):>7} {share('plain', 'failed'):>7} {share('a_true', 'a'):>7} "
          f"{share('ab_true', 'ab'):>7} {share('edges_found', 'edges'):>7} "
          f"{share('ways_right', 'ways'):>7}")
    for kind in sorted(wrong) if details else ():
        print(f"    {kind}: {len(wrong[kind])}")
        for one in wrong[kind][:details]:
            print("       ", *one)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--traces", type=int, default=1000)
    parser.add_argument("--details", type=int, default=0, metavar="N",
                        help="show up to N of each kind of mistake")
    parser.add_argument("prefixes", nargs="*", metavar="PREFIX")
    args = parser.parse_args()
    faults = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faults.py")
    print(f"{'':10} {'failed':>6} {'first':>7} {'three':>7} {'plain':>7} {'A true':>7} "
          f"{'AB true':>7} {'found':>7} {'way':>7}")
    for prefix in args.prefixes:
        count, wrong = collections.Counter(), collections.defaultdict(list)
        grade(args.program, prefix, count, wrong)
        show(os.path.basename(prefix)[:10], count, wrong, args.details)
    for profile in () if args.prefixes else ("easy", "normal", "hard"):
        count, wrong = collections.Counter(), collections.defaultdict(list)
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(args.first_seed, args.first_seed + args.seeds):
                prefix = os.path.join(folder, str(seed))
                subprocess.run([sys.executable, faults, "--profile", profile, "--seed", str(seed),
                                "--traces", str(args.traces), "-o", prefix], check=True)
                grade(args.program, prefix, count, wrong)
        show(profile, count, wrong, args.details)


if __name__ == "__main__":
    main()
