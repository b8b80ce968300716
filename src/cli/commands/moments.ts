/** What `--at`, `--since` and `--until` take; the daemon reads it. */
export const momentForms =
  'Moments: @1234, an event id, RFC 3339, "2026-11-24 10:00", 10:00, yesterday, 10m (ago), now, boot, boot-1.'
