// duckdb.mjs - the yardstick DuckDB: node duckdb.mjs FILE.jsonl [DATABASE]
// Without a database one query: p50, p95 and p99 of durations by name, reading ids, times and
// names only. With one: spans with all attributes, events and statuses into a table. Types are
// given, which is the fastest way it has of reading JSON.
import { DuckDBInstance } from '@duckdb/node-api';

const [file, database] = process.argv.slice(2);
const value = `STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue DOUBLE, boolValue BOOLEAN,
  arrayValue JSON)`;
const attributes = `STRUCT("key" VARCHAR, "value" ${value})[]`;
const narrow = `traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, "name" VARCHAR,
  startTimeUnixNano VARCHAR, endTimeUnixNano VARCHAR`;
const wide = `${narrow}, kind INTEGER, attributes ${attributes},
  events STRUCT(timeUnixNano VARCHAR, "name" VARCHAR, attributes ${attributes})[],
  status STRUCT(code INTEGER, message VARCHAR)`;

function spans(columns) {
  const type = `STRUCT(scopeSpans STRUCT(spans STRUCT(${columns})[])[])[]`;
  return `SELECT unnest(scope.spans) AS span FROM (
    SELECT unnest(part.scopeSpans) AS scope FROM (
    SELECT unnest(resourceSpans) AS part FROM read_json('${file}', format = 'newline_delimited',
      columns = {resourceSpans: '${type.replaceAll("'", "''")}'},
      maximum_object_size = 268435456)))`;
}

const db = await (await DuckDBInstance.create(database ?? ':memory:', { threads: '2' })).connect();
if (database) {
  await db.run(`CREATE TABLE spans AS SELECT span.* FROM (${spans(wide)})`);
  await db.run('CHECKPOINT');
} else {
  const found = await db.runAndReadAll(`SELECT span.name,
    quantile_disc(CAST(span.endTimeUnixNano AS BIGINT) - CAST(span.startTimeUnixNano AS BIGINT),
      [0.5, 0.95, 0.99]) FROM (${spans(narrow)}) GROUP BY ALL`);
  console.log(found.currentRowCount);
}
