CREATE VIEW span_view AS SELECT
  (SELECT ifnull(t.text, lower(hex(t.id))) FROM traces AS t WHERE t.number = s.trace) AS trace_id,
  printf('%016x', s.span_id) AS span_id,
  CASE WHEN s.parent_id IS NOT NULL THEN printf('%016x', s.parent_id) END AS parent_id,
  (SELECT text FROM names WHERE id = nullif(c.agent, 0)) AS agent,
  (SELECT name FROM kinds WHERE id = c.kind) AS kind,
  (SELECT text FROM names WHERE id = c.operation) AS operation,
  (SELECT text FROM names WHERE id = c.name) AS name,
  (SELECT n.text FROM scopes AS o JOIN names AS n ON n.id = o.service
    WHERE o.id = c.scope AND o.service != 0) AS service,
  CASE c.status WHEN 0 THEN 'unset' WHEN 1 THEN 'ok' ELSE 'error' END AS status,
  (SELECT text FROM names WHERE id = nullif(c.model, 0)) AS model,
  (SELECT text FROM names WHERE id = nullif(c.provider, 0)) AS provider,
  (SELECT text FROM names WHERE id = nullif(c.tool, 0)) AS tool,
  s.input_tokens,
  s.cached_tokens,
  s.cache_write_tokens,
  s.output_tokens,
  s.reasoning_tokens,
  CASE WHEN NOT c.flags & 2 THEN
    strftime('%Y-%m-%dT%H:%M:%fZ', s.start_ns / 1e9, 'unixepoch') END AS start,
  CASE WHEN NOT c.flags & 4 THEN s.duration_ns / 1e6 END AS duration_ms,
  s.start_ns,
  s.start_ns + s.duration_ns AS end_ns,
  CASE c.otel_kind WHEN 1 THEN 'internal' WHEN 2 THEN 'server' WHEN 3 THEN 'client'
    WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' END AS otel_kind,
  (SELECT h.name FROM hows AS h WHERE h.id = c.how) AS agent_found_by,
  s.trace AS trace
FROM spans AS s JOIN classes AS c ON c.id = s.class;

CREATE VIEW trace_view AS SELECT
  ifnull(t.text, lower(hex(t.id))) AS trace_id,
  t.spans,
  strftime('%Y-%m-%dT%H:%M:%fZ', t.start_ns / 1e9, 'unixepoch') AS start,
  (SELECT (max(s.start_ns + s.duration_ns) - t.start_ns) / 1e6 FROM spans AS s
    WHERE s.trace = t.number) AS duration_ms,
  (SELECT count(*) FROM spans AS s JOIN classes AS c ON c.id = s.class
    WHERE s.trace = t.number AND c.status = 2) AS errors,
  (SELECT n.text FROM spans AS s JOIN classes AS c ON c.id = s.class
    JOIN names AS n ON n.id = c.name
    WHERE s.trace = t.number AND s.parent_id IS NULL
    ORDER BY s.start_ns, s.span_id LIMIT 1) AS root,
  t.start_ns,
  t.number AS trace
FROM traces AS t;
