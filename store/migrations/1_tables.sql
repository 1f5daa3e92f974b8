CREATE TABLE names (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL
);
CREATE TABLE scopes (
  id INTEGER PRIMARY KEY,
  digest INTEGER NOT NULL,
  service INTEGER NOT NULL,
  host INTEGER NOT NULL,
  scope_name INTEGER NOT NULL,
  granularity_ns INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE TABLE traces (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  text TEXT,
  spans INTEGER NOT NULL,
  start_ns INTEGER
);
CREATE TABLE classes (
  id INTEGER PRIMARY KEY,
  name INTEGER NOT NULL,
  operation INTEGER NOT NULL,
  agent INTEGER NOT NULL,
  model INTEGER NOT NULL,
  provider INTEGER NOT NULL,
  tool INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  how INTEGER NOT NULL,
  status INTEGER NOT NULL,
  otel_kind INTEGER NOT NULL
);
CREATE TABLE spans (
  trace INTEGER NOT NULL,
  start_ns INTEGER NOT NULL,
  span_id INTEGER NOT NULL,
  digest INTEGER NOT NULL,
  parent_id INTEGER,
  duration_ns INTEGER NOT NULL,
  class INTEGER NOT NULL,
  input_tokens INTEGER,
  cached_tokens INTEGER,
  cache_write_tokens INTEGER,
  output_tokens INTEGER,
  reasoning_tokens INTEGER,
  payload INTEGER NOT NULL,
  facts BLOB,
  PRIMARY KEY (trace, start_ns, span_id, digest)
) WITHOUT ROWID;
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY,
  raw_bytes INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE TABLE inputs (
  number INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  format TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  digest TEXT NOT NULL,
  offset INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  repeated INTEGER NOT NULL,
  is_finished INTEGER NOT NULL
);
CREATE INDEX inputs_unfinished ON inputs (path) WHERE NOT is_finished;
CREATE TABLE input_diagnostics (
  input INTEGER NOT NULL,
  id TEXT NOT NULL,
  count INTEGER NOT NULL,
  places TEXT NOT NULL,
  PRIMARY KEY (input, id)
) WITHOUT ROWID;
CREATE TABLE kinds (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL
);
CREATE TABLE hows (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL
);
