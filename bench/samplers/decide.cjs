/* decide.cjs - samplers and id generators of JavaScript libraries, as they are.
 *
 * usage: node decide.cjs ids GENERATOR N          N trace ids, one a line
 *        node decide.cjs SAMPLER RATE < ids       1 or 0 for each
 */
'use strict';
const { randomBytes, randomUUID } = require('crypto');
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const load = createRequire(process.cwd() + '/');

const random = () => { const { RandomIdGenerator } = load('@opentelemetry/sdk-trace-base'); return new RandomIdGenerator(); };
const datadog = () => load('dd-trace/packages/dd-trace/src/id.js');
const hex = (number, digits) => number.toString(16).padStart(digits, '0');
let now = 1790000000000;
const later = () => Math.floor((now += 200 * Math.random()));

/* A function that makes one id. */
const generators = {
  'otel-js': () => { const g = random(); return () => g.generateTraceId(); },
  'xray': () => { const { AWSXRayIdGenerator } = load('@opentelemetry/id-generator-aws-xray');
    const g = new AWSXRayIdGenerator(); return () => g.generateTraceId(); },
  'datadog-128': () => { const id = datadog(); return () => hex(Math.floor(later() / 1000), 8) + '00000000' + hex(id(), 16); },
  'datadog-64': () => { const id = datadog(); return () => '0'.repeat(16) + hex(id(), 16); },
  'jaeger-js': () => { load('jaeger-client'); const util = load('jaeger-client/dist/src/util.js').default;
    return () => util.getRandom128().toString('hex'); },
  'uuid4': () => () => randomUUID().replaceAll('-', ''),
  'uuid7': () => () => { const r = randomBytes(10); r[0] = 0x70 | (r[0] & 15); r[2] = 0x80 | (r[2] & 63);
    return hex(later(), 12) + r.toString('hex'); },
  'ulid': () => () => hex(later(), 12) + randomBytes(10).toString('hex'),
  'counter': () => { let n = BigInt('0x' + randomBytes(6).toString('hex')); return () => hex(++n, 32); },
};

const isKept = (sampler) => (id) => {
  const { ROOT_CONTEXT } = load('@opentelemetry/api');
  return sampler.shouldSample(ROOT_CONTEXT, id, 'x', 0, {}, []).decision === 2;
};

/* A function that decides about an id. */
const samplers = {
  'otel-js': (rate) => { const { TraceIdRatioBasedSampler } = load('@opentelemetry/sdk-trace-base');
    return isKept(new TraceIdRatioBasedSampler(rate)); },
  'otel-composite': (rate) => { const s = load('@opentelemetry/sampler-composite');
    return isKept(s.createCompositeSampler(s.createComposableProbabilitySampler(rate))); },
  'dd-trace-js': (rate) => { const Sampler = load('dd-trace/packages/dd-trace/src/sampler.js'), id = datadog();
    const s = new Sampler(rate); return (t) => s.isSampled({ context: () => ({ _traceId: id(t.slice(16), 16) }) }); },
  'opencensus-js': (rate) => { const { SamplerBuilder } = load('@opencensus/core');
    const s = SamplerBuilder.getSampler(rate); return (id) => s.shouldSample(id); },
  'beeline-js': (rate) => { const s = load('honeycomb-beeline/lib/deterministic_sampler.js')(1 / rate);
    const { TRACE_ID } = load('honeycomb-beeline/lib/schema.js'); return (id) => s({ [TRACE_ID]: id }).shouldSample; },
  'azure-js': (rate) => { const { ApplicationInsightsSampler } = load('@azure/monitor-opentelemetry-exporter');
    return isKept(new ApplicationInsightsSampler(rate)); },
  'jaeger-js': (rate) => { const { ProbabilisticSampler } = load('jaeger-client'); const s = new ProbabilisticSampler(rate);
    return () => s.isSampled('x', {}); },
  'zipkin-js': (rate) => { const { sampler, option } = load('zipkin'); const s = new sampler.CountingSampler(rate);
    return () => s.shouldSample({ sampled: option.None }); },
};

const [, , name, a, b] = process.argv;
if (name === 'ids') {
  const make = generators[a]();
  process.stdout.write(Array.from({ length: Number(b) }, make).join('\n') + '\n');
} else {
  const decide = samplers[name](Number(a));
  const ids = readFileSync(0, 'utf8').split('\n').filter(Boolean);
  process.stdout.write(ids.map((id) => (decide(id) ? '1' : '0')).join('\n') + '\n');
}
