#!/usr/bin/env python3
"""folded.py - every span of a store as one folded line: agent and operation of all above it and
of itself, and its own time: what flamegraph.pl and its kin begin with, before anything is merged.
usage: folded.py STORE > FILE"""
import sqlite3
import sys

ROWS = '''SELECT trace, span_id, parent_id, agent, operation, end_ns - start_ns FROM span_view
          ORDER BY trace'''


def traces(db):
    """{span id: [parent id, agent, operation, own time]} of each trace."""
    at, spans = None, {}
    for trace, span, *rest in db.execute(ROWS):
        if trace != at and spans:
            yield spans
            spans = {}
        at = trace
        spans[span] = rest
    if spans:
        yield spans


def path_of(spans, span, paths):
    """(path, agent), from the root down; a span that is its own ancestor ends the way up."""
    way = []
    while span in spans and span not in paths and span not in way:
        way.append(span)
        span = spans[span][0]
    for each in reversed(way):
        above, agent = paths.get(spans[each][0], ('', '(unknown)'))
        agent = spans[each][1] or agent
        name = f'{agent}: {spans[each][2]}'.replace(';', ',')
        paths[each] = (f'{above};{name}' if above else name, agent)
    return paths[way[0]][0] if way else paths[span][0]


def main():
    db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
    for spans in traces(db):
        own = {span: rest[3] or 0 for span, rest in spans.items()}
        for parent, _, _, took in spans.values():
            if parent in own:
                own[parent] -= took or 0
        paths = {}
        for span in spans:
            print(path_of(spans, span, paths), max(1, own[span]))


if __name__ == '__main__':
    main()
