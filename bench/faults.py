#!/usr/bin/env python3
"""faults.py - traces of agent systems with injected faults, and what really caused what.

    bench/faults.py --profile easy|normal|hard --seed N --traces N -o PREFIX

writes PREFIX.otlp.jsonl and PREFIX.truth.jsonl (one object a trace: origins, edges, states).

A system is a tree of calls that is played against a virtual clock. A fault is an exception in
it: what it unwinds through, who catches it, who tries again, really happens, and the truth is
written down while it happens. How much of that the spans show is drawn apart: a frame records
the same exception, wraps it, hides its words, sets a bare status, or records nothing.
"""
import argparse
import json
import random

MS = 1_000_000
EPOCH_MS = 1_760_000_000_000

# What frames on the way of an exception record, as weights, and how often something else
# disturbs: links between agents, errors shown by a code alone, exceptions that were survived,
# exceptions that only steer, results that say they failed, lost spans, bent clocks, evaluations.
PROFILES = {
    "easy": dict(record=dict(same=6, wrap=4), linked=1.0, code_only=0.0, survived=0.1,
                 steering=0.05, result_only=0.01, dropped=0.0, skewed=0.0, evaluated=0.1),
    "normal": dict(record=dict(same=5, wrap=3, generic=1, bare=1, silent=0.4), linked=0.8,
                   code_only=0.02, survived=0.2, steering=0.08, result_only=0.03, dropped=0.01,
                   skewed=0.1, evaluated=0.2),
    "hard": dict(record=dict(same=3, wrap=3, generic=2, bare=2, silent=1.5), linked=0.6,
                 code_only=0.05, survived=0.3, steering=0.1, result_only=0.05, dropped=0.02,
                 skewed=0.2, evaluated=0.3),
}
SCENARIOS = dict(clean=12, fatal=30, ignored=12, fallback=10, retried=10, exhausted=9, own=6,
                 twice=6, handed_on=7)
AGENTS = ["scout", "drafter", "checker", "archivist", "broker", "summarizer", "router"]
TOOLS = ["find_docs", "run_query", "open_page", "make_chart", "book_slot", "convert_unit"]
WORDS = ["harbor", "violet", "meadow", "copper", "lantern", "saddle", "pepper"]
FAULTS_OF = {"llm": ["limit", "busy", "length", "timeout"],
             "tool": ["timeout", "missing", "arguments", "invalid", "connection"],
             "db": ["database", "connection", "timeout"],
             "agent": ["parse", "guard"]}
CALLERS_FAULTS = {"llm": ["length"], "tool": ["arguments", "invalid", "missing"],
                  "db": ["invalid"], "agent": ["parse"]}
WRAPPERS = {"agent": ("AgentExecutionError", "agent {} failed: "),
            "tool": ("ToolExecutionError", "error in tool {}: "),
            "step": ("StepError", "step broke off: "),
            "http": ("UpstreamError", "upstream said: "),
            "flow": ("WorkflowError", "gave up: ")}
GENERIC = {"agent": "the agent did not finish", "tool": "the tool failed",
           "step": "the step failed", "http": "Internal Server Error", "flow": "the job failed"}


def hex_text(rng, digits):
    return "%0*x" % (digits, rng.getrandbits(4 * digits))


def words_of(rng, kind, where):
    """Type, message and HTTP status of a fault, with things in it that vary."""
    word, number = rng.choice(WORDS), rng.randrange(1000, 99999)
    return {
        "limit": ("RateLimitError", f"429 too many requests: team-{hex_text(rng, 10)} used "
                  f"{number} of its tokens", 429),
        "busy": ("InternalServerError",
                 f"529 overloaded, ask again later (ref {hex_text(rng, 12)})", 529),
        "length": ("BadRequestError", f"the prompt has {number} tokens, the context length is "
                   f"{number // 2}", 400),
        "timeout": ("TimeoutError", f"{where} gave no answer within {number} ms", None),
        "connection": ("ConnectionError", f"10.{number % 250}.3.{number % 99}:{number % 9000} "
                       "refused the connection", None),
        "missing": ("FileNotFoundError", f"no such file: '/var/{word}/{hex_text(rng, 8)}.csv'",
                    None),
        "arguments": ("TypeError", f"{where}() got an unexpected keyword argument '{word}'",
                      None),
        "invalid": ("ValidationError", f"{number % 7 + 1} fields are invalid: '{word}' is "
                    "required", None),
        "database": ("OperationalError", f"deadlock between {number} and {number + 17}", None),
        "parse": ("OutputParsingError", f"cannot read the answer '{word} {number}'", None),
        "guard": ("GuardrailTripped", f"score {number / 1e5:.4f} of '{word}' is over the line",
                  None),
    }[kind]


class Call:
    """A call that a system makes, and the calls it makes in turn."""

    def __init__(self, role, name, agent=None, children=(), parallel=False, **span):
        self.role, self.name, self.agent, self.parallel = role, name, agent, parallel
        self.children, self.span = list(children), span
        self.site = self.guard = None  # the fault that arises here; that is caught around here

    def walk(self, path=()):
        yield self, path
        for child in self.children:
            yield from child.walk(path + (self,))


class Fault(Exception):
    """What goes wrong, where, and what is done about it. `last` recorded it last."""

    def __init__(self, reaction, kind=None):
        super().__init__(reaction)
        self.reaction, self.kind, self.is_on = reaction, kind, True
        self.origin = self.last = self.type = self.message = None
        self.same_as, self.from_fault, self.how_linked = [], None, None

    def arise(self, span, words):
        self.type, self.message = words
        self.origin = self.last = span


class Run:
    """One trace while it happens."""

    def __init__(self, rng, profile, number):
        self.rng, self.profile, self.now = rng, profile, EPOCH_MS + number * 60_000
        self.trace_id, self.spans = hex_text(rng, 32), []
        self.origins, self.edges, self.steering = [], [], []
        self.failed_attempts = self.wasted_ns = 0

    def chance(self, what):
        return self.rng.random() < self.profile[what]

    def open(self, call, parent, attempt):
        span = dict(id=hex_text(self.rng, 16), parent=parent and parent["id"], name=call.name,
                    start=self.now, end=None, events=[], links=[], code=0, message="",
                    kind=call.span.get("kind", 1), service=call.span.get("service", "app"),
                    attrs=dict(call.span.get("attrs", {})))
        if call.agent:
            span["attrs"]["gen_ai.agent.name"] = call.agent
        if attempt and self.rng.random() < 0.5:
            span["attrs"]["retry.attempt"] = attempt
        self.spans.append(span)
        self.now += self.rng.randrange(1, 5)
        return span

    def record(self, span, type_, message):
        span["code"] = 2
        span["message"] = self.rng.choice([message, f"{type_}: {message}", ""])
        span["events"].append((self.now, "exception", {"exception.type": type_,
                                                       "exception.message": message}))

    def edge(self, source, target, type_, seen):
        self.edges.append({"from": source["id"], "to": target["id"], "type": type_,
                           "obs": seen})

    def arise(self, fault, call, span):
        if fault.kind is None or (fault.reaction in ("retried", "exhausted") and
                                  self.rng.random() < 0.3):
            fault.kind = self.rng.choice(FAULTS_OF[call.role])
        kind = fault.kind
        type_, message, status = words_of(self.rng, kind, call.name.split()[-1])
        span["end"] = self.now
        fault.arise(span, (type_, message))
        if status:
            span["attrs"]["http.response.status_code"] = status
        if status and self.chance("code_only"):
            span["kind"] = 3
        else:
            self.record(span, type_, message)
            if self.rng.random() < 0.5:
                span["attrs"]["error.type"] = type_
        if fault.from_fault:
            self.edge(fault.from_fault.last, span, "side", fault.how_linked)

    def unwind(self, fault, call, span):
        """`span` sees the fault pass; what it records is drawn."""
        ways = dict(self.profile["record"])
        if span["parent"] is None:
            ways.pop("silent", None)
        way = self.rng.choices(list(ways), list(ways.values()))[0]
        self.now += self.rng.randrange(0, 3)
        span["end"] = self.now
        if call.role == "http":
            span["attrs"]["http.response.status_code"] = 500
        if way == "silent" and call.role != "http":
            return
        type_, prefix = WRAPPERS[call.role]
        if way == "wrap":
            head = f"{fault.type}: " if self.rng.random() < 0.5 else ""
            fault.message = prefix.format(call.name.split()[-1]) + head + fault.message
            fault.type = type_
        elif way == "generic":
            fault.type = "HTTPStatusError" if call.role == "http" else type_
            fault.message = GENERIC[call.role]
        if way in ("bare", "silent"):
            span["code"] = 2
        else:
            self.record(span, fault.type, fault.message)
        self.edge(fault.last, span, "up" if fault.last["parent"] == span["id"] else "bridged",
                  way)
        fault.last = span

    def settle(self, fault, state, how=None, via=None):
        if any(o["span_id"] == fault.origin["id"] for o in self.origins):
            return
        self.origins.append(dict(
            span_id=fault.origin["id"], equivalent=fault.same_as, state=state, how=how,
            absorbed_at=None if state == "surfaced" else fault.last["parent"], via=via))

    # playing

    def play(self, call, parent, attempt=0):
        span = self.open(call, parent, attempt)
        try:
            if call.parallel:
                self.play_beside(call, span)
            else:
                for child in call.children:
                    self.play_guarded(child, span)
            if not call.children:
                self.now += self.rng.randrange(100, 2000)
            if call.site and call.site.is_on:
                self.arise(call.site, call, span)
                raise call.site
        except Fault as fault:
            if fault.last is not span:
                self.unwind(fault, call, span)
            raise
        self.now += self.rng.randrange(1, 4)
        span["end"] = self.now
        if self.rng.random() < 0.3:
            span["code"] = 1
        self.disturb(call, span)
        return span

    def play_guarded(self, call, parent):
        fault = call.guard
        if not fault or not fault.is_on:
            return self.play(call, parent)
        if fault.reaction in ("retried", "exhausted"):
            return self.play_again(call, parent, fault)
        try:
            self.play(call, parent)
        except Fault as seen:
            if seen is not fault:
                raise
            fault.is_on = False
            if fault.reaction == "fallback":
                self.play(model_call(call.agent, "chat fallback-2"), parent)
            if fault.reaction != "handed_on":
                self.settle(fault, "absorbed", fault.reaction)
        return None

    def play_again(self, call, parent, fault):
        tries, before, first = self.rng.randrange(1, 4), None, None
        for attempt in range(tries + 1):
            is_last = attempt == tries
            if is_last and fault.reaction == "retried":
                fault.is_on = False
                fault.origin, fault.last = first, before
                self.settle(fault, "absorbed", "retry")
                self.failed_attempts += tries
                return self.play(call, parent, attempt)
            began = self.now
            try:
                self.play(call, parent, attempt)
            except Fault as seen:
                if seen is not fault:
                    raise
                if before:
                    self.edge(before, fault.last, "retry", "attempt")
                    fault.same_as.append(fault.origin["id"])
                before, first = fault.last, first or fault.origin
                if is_last:
                    fault.origin = first
                    self.failed_attempts += tries
                    raise
            self.wasted_ns += (self.now - began) * MS
            self.now += self.rng.randrange(80, 600)
        return None

    def play_beside(self, call, span):
        """All children at once; either the first failure stops the others, or all are awaited."""
        began, ends, failed, stop = self.now, [], None, None
        for k, child in enumerate(call.children):
            first, self.now = len(self.spans), began + k
            try:
                self.play_guarded(child, span)
            except Fault as fault:
                failed, stop = fault, self.now
            ends.append((self.now, first, len(self.spans)))
        self.now = max(end for end, _, _ in ends)
        if failed and self.rng.random() < 0.5:
            self.now = stop + 1
            for _, first, last in ends:
                self.stop(self.spans[first:last], failed, stop)
        if failed:
            raise failed

    def stop(self, spans, fault, at):
        """Ends what still ran; what had not begun never was."""
        for span in spans:
            if span["start"] > at:
                span["gone"] = True
            elif span["end"] is None or span["end"] > at:
                span.update(end=at + 1, code=0, events=[])
                for key in ("gen_ai.tool.call.result", "http.response.status_code",
                            "error.type"):
                    span["attrs"].pop(key, None)
                self.record(span, "asyncio.exceptions.CancelledError", "")
                span["message"] = ""
                self.edge(fault.last, span, "cancel", "cancel")

    def disturb(self, call, span):
        if call.role == "tool" and not self.steering and self.chance("steering"):
            self.record(span, "langgraph.errors.GraphInterrupt", "wait for a person")
            self.steering.append(span["id"])
        elif call.role == "tool" and not call.children and self.chance("result_only"):
            span["attrs"]["gen_ai.tool.call.result"] = json.dumps(
                {"isError": True, "content": [{"type": "text", "text": "nothing found for "
                                               + hex_text(self.rng, 6)}]})
            self.origins.append(dict(span_id=span["id"], equivalent=[], state="absorbed",
                                     how="ignored", absorbed_at=span["parent"], via=None))
        elif call.role == "agent" and self.chance("survived"):
            span["events"].append((span["start"] + 1, "exception", {
                "exception.type": "TimeoutError",
                "exception.message": f"slow reply {hex_text(self.rng, 6)}, waiting"}))
            span["end"] = self.now = self.now + 3000


# systems

def model_call(agent, name="chat small-1"):
    return Call("llm", name, agent, attrs={
        "gen_ai.operation.name": "chat", "gen_ai.request.model": name.split()[-1],
        "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 90})


def tool_call(rng, agent):
    tool, children = rng.choice(TOOLS), []
    if rng.random() < 0.3:
        store = Call("db", "SELECT rows", kind=3, service="rows",
                     attrs={"db.system.name": "postgresql"})
        children = [Call("http", "POST", kind=3, children=[
            Call("http", f"POST /{tool}", kind=2, service=f"{tool}-api", children=[store])])]
    return Call("tool", f"execute_tool {tool}", agent, children, attrs={
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool})


def agent_call(rng, name, helpers=()):
    children, is_stepped = [], rng.random() < 0.5
    for k in range(rng.randrange(1, 4)):
        calls = [model_call(name)] + [tool_call(rng, name) for _ in range(rng.randrange(0, 3))]
        children += [Call("step", f"Step {k + 1}", children=calls)] if is_stepped else calls
    for helper in helpers:
        children.append(Call("tool", f"execute_tool call_{helper}", name, [
            agent_call(rng, helper)], attrs={"gen_ai.operation.name": "execute_tool",
                                             "gen_ai.tool.name": f"call_{helper}"}))
    children.append(model_call(name))
    return Call("agent", f"invoke_agent {name}", name, children,
                attrs={"gen_ai.operation.name": "invoke_agent"})


def system_call(rng, scenario):
    names = rng.sample(AGENTS, rng.randrange(2, 5))
    shape = "crew" if scenario == "handed_on" else rng.choice(["one", "crew", "tree", "fan"])
    if shape == "one":
        children = [agent_call(rng, names[0])]
    elif shape == "tree":
        children = [agent_call(rng, names[0], names[1:3])]
    else:
        children = [agent_call(rng, name) for name in names]
    if shape == "fan":
        children = [Call("step", "gather", children=children, parallel=True)]
    return Call("flow", rng.choice(["POST /ask", "invoke_workflow team"]), children=children)


def site_set(rng, within, path, fault, guards=None):
    """Lets the fault arise somewhere in `within` and be caught around a call on the way."""
    sites = [(call, (*path, *way)) for call, way in within.walk()
             if not call.children and call.role in FAULTS_OF and not call.site]
    call, way = rng.choice(sites)
    call.site = fault
    around = [c for c in (*way[1:], call) if c.role in (guards or ("llm", "tool", "step", "agent"))
              and not c.guard and c.name != "gather"]
    if fault.reaction != "fatal":
        rng.choice(around).guard = fault
    return call, way


def faults_set(rng, run, root, scenario):
    """Returns the faults of the scenario, in the order in which they arise."""
    if scenario == "clean":
        return []
    if scenario == "handed_on":
        k = rng.randrange(len(root.children) - 1)
        giver, taker = root.children[k:k + 2]
        first, second = Fault("handed_on"), Fault("fatal")
        site_set(rng, giver, (root,), first, ("agent",))
        site, _ = site_set(rng, taker, (root,), second)
        second.kind = rng.choice(CALLERS_FAULTS[site.role])
        second.from_fault = first
        second.how_linked = ("link" if run.chance("linked") else
                             rng.choice(["hash", "sequence"]))
        taker.taken_from = giver
        return [first, second]
    if scenario in ("own", "twice"):
        first, second = Fault("ignored"), Fault("fatal")
        agents = [(call, way) for call, way in root.walk() if call.role == "agent"]
        agent, way = rng.choice(agents)
        site_set(rng, agent, way, first, ("llm", "tool", "step"))
        if scenario == "own":
            agent.site = second
        else:
            site_set(rng, root, (), second)
        return [first, second]
    fault = Fault(scenario)
    site_set(rng, root, (), fault)
    return [fault]


def play(rng, run, scenario):
    root = system_call(rng, scenario)
    faults = faults_set(rng, run, root, scenario)
    try:
        top = run.play(root, None)
    except Fault as fault:
        top = run.spans[0]
        if fault.from_fault and fault.from_fault.origin:
            run.settle(fault.from_fault, "surfaced", via="side")
        else:
            run.settle(fault, "surfaced")
    hand_over(run, faults)
    for fault in faults:
        if fault.reaction == "handed_on" and fault.origin:
            run.settle(fault, "absorbed", "ignored")
    evaluate(run, top)
    return top


def hand_over(run, faults):
    """Shows whose output the second agent used, as far as that is shown."""
    pairs = [f for f in faults if f.from_fault and f.origin and f.from_fault.origin]
    agents = [s for s in run.spans if s["parent"] == run.spans[0]["id"]]
    for fault in pairs:
        giver = next(s for s in agents if holds(run, s, fault.from_fault.origin))
        taker = next(s for s in agents if holds(run, s, fault.origin))
        if fault.how_linked == "link":
            taker["links"] = [giver["id"]]
        elif fault.how_linked == "hash":
            giver["attrs"]["output.value.hash"] = taker["attrs"]["input.value.hash"] = \
                hex_text(run.rng, 16)


def holds(run, above, span):
    parents = {s["id"]: s["parent"] for s in run.spans}
    at = span["id"]
    while at and at != above["id"]:
        at = parents[at]
    return at is not None


def evaluate(run, top):
    """Nobody repaired an error, and the answer was judged to be wrong."""
    ignored = [o for o in run.origins if o["how"] == "ignored"]
    if top["code"] == 2 or not ignored or not run.chance("evaluated"):
        return
    top["events"].append((top["end"], "gen_ai.evaluation.result", {
        "gen_ai.evaluation.name": "is_right", "gen_ai.evaluation.score.label": "fail"}))
    ignored[-1].update(state="surfaced", how=None, absorbed_at=None, via="eval")


# what is left of it in the file

def spoil(run):
    """Loses spans and bends clocks, as exporters and machines do."""
    gone = {s["id"] for s in run.spans if s.get("gone")}
    stopped = {e["to"] for e in run.edges if e["type"] == "cancel"} - gone
    run.edges = [e for e in run.edges if e["from"] not in gone and e["to"] not in gone and
                 (e["type"] == "cancel" or e["from"] not in stopped)]
    run.origins = [o for o in run.origins if o["span_id"] not in gone | stopped]
    run.steering = [s for s in run.steering if s not in gone | stopped]
    known = {o["span_id"] for o in run.origins} | {e[k] for e in run.edges
                                                   for k in ("from", "to")}
    lost = {s["id"] for s in run.spans
            if s["parent"] and s["id"] not in known and run.chance("dropped")}
    services = sorted({s["service"] for s in run.spans} - {"app"})
    bend = {s: run.rng.randrange(-300, 300) for s in services if run.chance("skewed")}
    run.spans = [s for s in run.spans if s["id"] not in gone | lost]
    for span in run.spans:
        off = bend.get(span["service"], 0)
        span["start"], span["end"] = span["start"] + off, span["end"] + off
        span["events"] = [(t + off, name, attrs) for t, name, attrs in span["events"]]
    return sorted(lost - gone)


def attrs_of(attrs):
    return [{"key": k, "value": {"intValue": str(v)} if isinstance(v, int)
             else {"stringValue": v}} for k, v in attrs.items()]


def otlp_span(run, span):
    one = {"traceId": run.trace_id, "spanId": span["id"], "name": span["name"],
           "kind": span["kind"], "startTimeUnixNano": str(span["start"] * MS),
           "endTimeUnixNano": str(span["end"] * MS), "attributes": attrs_of(span["attrs"])}
    if span["parent"]:
        one["parentSpanId"] = span["parent"]
    if span["events"]:
        one["events"] = [{"timeUnixNano": str(t * MS), "name": name, "attributes": attrs_of(a)}
                         for t, name, a in span["events"]]
    if span["links"]:
        one["links"] = [{"traceId": run.trace_id, "spanId": i} for i in span["links"]]
    if span["code"]:
        one["status"] = {"code": span["code"]}
        if span["message"]:
            one["status"]["message"] = span["message"]
    return one


def otlp(run):
    by_service = {}
    run.rng.shuffle(run.spans)
    for span in run.spans:
        by_service.setdefault(span["service"], []).append(otlp_span(run, span))
    return {"resourceSpans": [{"resource": {"attributes": attrs_of({"service.name": service})},
                               "scopeSpans": [{"scope": {"name": "faults"}, "spans": spans}]}
                              for service, spans in sorted(by_service.items())]}


def make(profile, seed, number):
    rng = random.Random(f"{profile}/{seed}/{number}")
    run = Run(rng, PROFILES[profile], number)
    scenario = rng.choices(list(SCENARIOS), list(SCENARIOS.values()))[0]
    root = play(rng, run, scenario)
    lost = spoil(run)
    failed = root["code"] == 2 or any(o["via"] == "eval" for o in run.origins)
    truth = dict(trace_id=run.trace_id, scenario=scenario, root=root["id"], failed=failed,
                 origins=run.origins, edges=run.edges, control_flow=run.steering,
                 retry=dict(failed_attempts=run.failed_attempts, wasted_ns=run.wasted_ns),
                 dropped=lost)
    return otlp(run), truth


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", choices=PROFILES, default="normal")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--traces", type=int, default=1000)
    parser.add_argument("-o", required=True, metavar="PREFIX")
    args = parser.parse_args()
    with open(args.o + ".otlp.jsonl", "w", encoding="utf-8") as spans, \
            open(args.o + ".truth.jsonl", "w", encoding="utf-8") as truths:
        for number in range(args.traces):
            trace, truth = make(args.profile, args.seed, number)
            spans.write(json.dumps(trace, separators=(",", ":")) + "\n")
            truths.write(json.dumps(truth, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
