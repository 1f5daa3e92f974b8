CREATE VIEW span_view AS SELECT
  (SELECT ifnull(t.text, lower(hex(t.id))) FROM traces AS t WHERE t.number = s.trace) AS trace_id,
  printf('%016x', s.span_id) AS span_id,
  CASE WHEN s.flags & 1 THEN printf('%016x', s.parent_id) END AS parent_id,
  (SELECT text FROM names WHERE id = nullif(s.agent, 0)) AS agent,
  (SELECT k.name FROM kinds AS k WHERE k.id = s.kind) AS kind,
  (SELECT text FROM names WHERE id = s.operation) AS operation,
  (SELECT text FROM names WHERE id = s.name) AS name,
  (SELECT n.text FROM scopes AS c JOIN names AS n ON n.id = c.service
    WHERE c.id = s.scope AND c.service != 0) AS service,
  CASE s.status WHEN 0 THEN 'unset' WHEN 1 THEN 'ok' ELSE 'error' END AS status,
  (SELECT text FROM names WHERE id = nullif(s.model, 0)) AS model,
  (SELECT text FROM names WHERE id = nullif(s.provider, 0)) AS provider,
  (SELECT text FROM names WHERE id = nullif(s.tool, 0)) AS tool,
  s.input_tokens,
  s.cached_tokens,
  s.cache_write_tokens,
  s.output_tokens,
  s.reasoning_tokens,
  CASE WHEN NOT s.flags & 2 THEN
    strftime('%Y-%m-%dT%H:%M:%fZ', s.start_ns / 1e9, 'unixepoch') END AS start,
  CASE WHEN NOT s.flags & 4 THEN s.duration_ns / 1e6 END AS duration_ms,
  s.start_ns,
  s.start_ns + s.duration_ns AS end_ns,
  CASE s.otel_kind WHEN 1 THEN 'internal' WHEN 2 THEN 'server' WHEN 3 THEN 'client'
    WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' END AS otel_kind,
  (SELECT h.name FROM hows AS h WHERE h.id = s.how) AS agent_found_by,
  s.trace AS trace
FROM spans AS s;

CREATE VIEW trace_view AS SELECT
  ifnull(t.text, lower(hex(t.id))) AS trace_id,
  t.spans,
  strftime('%Y-%m-%dT%H:%M:%fZ', t.start_ns / 1e9, 'unixepoch') AS start,
  (SELECT (max(s.start_ns + s.duration_ns) - t.start_ns) / 1e6 FROM spans AS s
    WHERE s.trace = t.number) AS duration_ms,
  (SELECT count(*) FROM spans AS s WHERE s.trace = t.number AND s.status = 2) AS errors,
  (SELECT n.text FROM spans AS s JOIN names AS n ON n.id = s.name
    WHERE s.trace = t.number AND NOT s.flags & 1 ORDER BY s.start_ns, s.span_id LIMIT 1) AS root,
  t.start_ns,
  t.number AS trace
FROM traces AS t;
