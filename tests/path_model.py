#!/usr/bin/env python3
"""path_model.py - the critical path as docs/methods/critical-path.md defines it, in the plainest Python that
can be written: quadratic, over dictionaries, sharing nothing with the program but the definition. The oracle
of paths.py."""

MS = 1000000
ASYNC, DETACHED = 'async', 'detached'


class Span:
    """A recorded span. `asks`, `serves`, `told`: ids of tool calls; `links`: span ids."""

    def __init__(self, number, parent=None, start=0, end=0, kind='INTERNAL', links=(), asks=(), serves=None,
                 told=(), what='agent'):
        self.id, self.parent, self.start, self.end, self.kind = number, parent, start, end, kind
        self.links, self.asks, self.serves, self.told, self.what = list(links), list(asks), serves, list(told), what
        self.state, self.is_rebuilt = None, False

    def place(self):
        return (self.start, -self.end, self.id)

    def is_empty(self):
        return self.end <= self.start


class Trace:
    """Spans joined to trees with their times repaired."""

    def __init__(self, spans, overrun='auto'):
        self.overrun, self.complete = overrun, True
        self.spans = {s.id: s for s in spans}
        for s in spans:
            s.end = max(s.end, s.start)
        self.rebuild()
        self.cut_cycles()
        for s in sorted(self.roots(), key=Span.place):
            self.repair(s)
        self.root = min(self.roots(), key=lambda s: (s.start - s.end, s.start, s.id))

    def children(self, span):
        return [s for s in self.spans.values() if s.parent == span.id]

    def roots(self):
        return [s for s in self.spans.values() if s.parent is None]

    def ancestors(self, span):
        """From the span itself up."""
        while span is not None:
            yield span
            span = self.spans[span.parent] if span.parent is not None else None

    def rebuild(self):
        for lost in {s.parent for s in self.spans.values()} - set(self.spans) - {None}:
            orphans = [s for s in self.spans.values() if s.parent == lost]
            parent = Span(lost, None, min(s.start for s in orphans), max(s.end for s in orphans))
            parent.is_rebuilt = True
            self.spans[lost] = parent
            self.complete = False

    def cut_cycles(self):
        for s in sorted(self.spans.values(), key=Span.place):
            seen, at = set(), s
            while at.parent is not None and at.id not in seen:
                seen.add(at.id)
                at = self.spans[at.parent]
            if at is s and s.parent is not None:
                s.parent = None
        self.complete = self.complete and any(not s.is_rebuilt for s in self.roots())

    def repair(self, top):
        todo = [top]
        while todo:
            parent = todo.pop()
            for child in self.children(parent):
                self.fit(child, parent)
                todo.append(child)

    def fit(self, child, parent):
        if parent.kind == 'PRODUCER' and child.kind == 'CONSUMER':
            child.state = ASYNC
            return
        if parent.start <= child.start and child.end <= parent.end:
            return
        over = child.end - parent.end
        tolerance = max(MS, (parent.end - parent.start) // 100)
        if child.start >= parent.end or child.end <= parent.start:
            child.state = DETACHED
        elif over > 0 and (self.overrun == 'detach' or (self.overrun == 'auto' and over > tolerance)):
            child.state = DETACHED
        else:
            child.start = max(child.start, parent.start)
            child.end = min(child.end, parent.end)

    def item(self, span):
        """The nearest span at or above it that nothing waits for."""
        while span.parent is not None and span.state is None:
            span = self.spans[span.parent]
        return span


def evidence(trace):
    """Pairs (waiter, what it waited for, why)."""
    out = []
    spans = list(trace.spans.values())
    for s in spans:
        for target in s.links:
            if target in trace.spans and target != s.id:
                out.append((s, trace.spans[target], 'link'))
        if s.serves is None:
            continue
        asked = [a for a in spans if s.serves in a.asks and a is not s and a.start <= s.start]
        told = [a for a in spans if s.serves in a.told and a is not s and a.start >= s.start]
        if asked:
            out.append((s, max(asked, key=lambda a: (a.start, a.id)), 'tool-call'))
        if told:
            out.append((min(told, key=lambda a: (a.start, a.id)), s, 'tool-call'))
    return out


class Walk:
    def __init__(self, trace):
        self.trace, self.evidence, self.segments = trace, evidence(trace), []

    def put(self, span, start, end, part, why):
        if end > start:
            self.segments.append((span.id, start, end, part, why))

    def candidates(self, x):
        """Latest end first, then earliest start, then smallest id."""
        if x is None:
            found = [s for s in self.trace.spans.values() if self.trace.item(s) is s]
        else:
            found = [s for s in self.trace.children(x) if s.state is None]
        return sorted((s for s in found if not s.is_empty()), key=lambda s: (-s.end, s.start, s.id))

    def waited(self, x, s):
        """What the child s of x has evidence of having waited for: {sibling: why}, tool calls first."""
        found = {}
        for waiter, on, why in self.evidence:
            if s not in self.trace.ancestors(waiter):
                continue
            for p in self.candidates(x):
                if p is not s and p in self.trace.ancestors(on) and found.get(p.id) != 'tool-call':
                    found[p.id] = why
        return found

    def choose(self, x, t, s):
        """(span, where to enter it, why) of what had to end before x could go on at t."""
        kids = self.candidates(x)
        timing = next((c for c in kids if c.end <= t), None)
        waited = self.waited(x, s) if s is not None else {}
        known = [p for p in kids if p.id in waited and p.start < t]
        if known:
            p = min(known, key=lambda p: (-min(p.end, t), -p.end, p.start, p.id))
            if timing is None or timing is p or p.id not in self.waited(x, timing):
                why = 'stream' if p.end > t and waited[p.id] == 'tool-call' else waited[p.id]
                return p, min(p.end, t), why
        return (timing, timing.end, 'timing') if timing else None

    def walk(self, top, t, why='parent', successor=None):
        """From t back to the start of top; frames of [span, t, successor, why of its next own segment]."""
        stack = [[top, t, successor, why]]
        while stack:
            frame = stack[-1]
            x, t, successor, why = frame
            hop = self.choose(x, t, successor)
            if not hop:
                self.put(x, x.start, t, 'self', why)
                stack.pop()
                continue
            p, end, why_p = hop
            self.put(x, end, t, 'self', why)
            frame[1:] = p.start, p, 'parent'
            stack.append([p, end, None, why_p])

    def climb(self, span, t, why):
        """From span at t up to the start of its item."""
        below = None
        for x in self.trace.ancestors(span):
            if below is None:
                self.walk(x, t, why)
            else:
                self.walk(x, below.start, 'parent', below)
            below = x
            if x is self.trace.item(span):
                return x
        raise AssertionError

    def between(self, s):
        """(span, why) before the item s: recorded evidence, who spawned it, or the last that ended."""
        items, t, known = self.candidates(None), s.start, {}
        for waiter, on, why in self.evidence:
            if self.trace.item(waiter) is s and self.trace.item(on) in items and self.trace.item(on) is not s \
                    and on.start < t and known.get(on.id) != 'tool-call':
                known[on.id] = why
        timing = next((c for c in items if c.end <= t), None)
        if known:
            p = min((self.trace.spans[i] for i in known), key=lambda p: (-min(p.end, t), -p.end, p.start, p.id))
            same = timing is not None and timing is not p and \
                timing is not self.trace.item(p) and \
                any(self.trace.item(w) is timing and on is p for w, on, _ in self.evidence)
            if not same:
                return p, 'stream' if p.end > t and known[p.id] == 'tool-call' else known[p.id]
        if s.parent is not None:
            parent = self.trace.spans[s.parent]
            if parent.start < t and not self.trace.item(parent).is_empty():
                return parent, 'parent'
        return (timing, 'timing') if timing else None

    def whole(self):
        items = self.candidates(None)
        if not items:
            return
        first = min(s.start for s in items)
        s = self.climb(items[0], items[0].end, 'parent')
        while True:
            found = self.between(s)
            if not found:
                self.put(s, first, s.start, 'gap', 'timing')
                return
            p, why = found
            end = min(p.end, s.start)
            self.put(s, end, s.start, 'gap' if why == 'timing' else 'wait', why)
            s = self.climb(p, end, why)


def segments(trace, scope='root'):
    """[(span id, start, end, part, evidence)] in the order of time."""
    walk = Walk(trace)
    if scope == 'trace':
        walk.whole()
    else:
        walk.walk(trace.root, trace.root.end)
    return walk.segments[::-1]
