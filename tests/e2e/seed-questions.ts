/** The seed's questions to a bundle, word for word as an analyst would paste them. */
export const SEED_QUERIES = {
  wentWrong: `SELECT t_utc, severity, kind, source, message
FROM events
WHERE severity IN ('warning', 'error')
ORDER BY t_mono_ns;`,
  saturation: `SELECT t_utc, message, metadata_json
FROM events
WHERE kind = 'saturation_deadline';`,
  timeline: `SELECT t_utc, kind, message
FROM events
WHERE kind LIKE 'method.step.%' OR kind LIKE '%.started' OR kind LIKE '%.ended'
ORDER BY t_mono_ns;`,
  commands: `SELECT t_utc, source, kind, message, metadata_json
FROM events
WHERE source LIKE '%:%'  -- adapter:device convention
  AND kind NOT LIKE 'method.%'
  AND kind NOT LIKE 'camera.%'
ORDER BY t_mono_ns;`,
  metadata: `SELECT t_utc, kind,
       json_extract(metadata_json, '$.resource_id') AS rid,
       json_extract(metadata_json, '$.blocked_s')   AS blocked_s
FROM events
WHERE kind = 'saturation_deadline';`,
} as const;

/** Filters of the seed over run.log. */
export const SEED_FILTERS = {
  wentWrong: 'select(.level | IN("WARNING","ERROR"))',
  saturation: 'select(.event | IN("saturation_monitor.deadline_exceeded","conductor.saturation_escalation"))',
  lifecycle: 'select(.event | startswith("worker.")) | select(.resource_id == "serial:COM6")',
  names: '.event',
} as const;
