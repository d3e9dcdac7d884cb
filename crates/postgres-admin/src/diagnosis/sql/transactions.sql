-- Sessions of this database whose transaction is older than a number of milliseconds, and sessions
-- that this role may not inspect. A transaction that holds nothing but advisory locks delays no one
-- else: behind a pooler, Tasktrail holds its own locks that way.
SELECT pid,
       coalesce(application_name, '') AS application,
       coalesce(usename::text, '') AS role,
       coalesce(state, '') AS state,
       coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0)::bigint AS age_seconds,
       backend_xmin IS NOT NULL OR backend_xid IS NOT NULL AS holds_vacuum,
       state IS NULL AND query = '<insufficient privilege>' AS hidden
FROM pg_stat_activity AS activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (xact_start <= clock_timestamp() - $1 * interval '1 millisecond'
           AND backend_type IN ('client backend', 'parallel worker')
           AND NOT (backend_xmin IS NULL AND backend_xid IS NULL
                    AND EXISTS (SELECT FROM pg_locks AS held
                                WHERE held.pid = activity.pid AND locktype = 'advisory')
                    AND NOT EXISTS (SELECT FROM pg_locks AS held
                                    WHERE held.pid = activity.pid
                                      AND locktype NOT IN ('advisory', 'virtualxid')))
       OR state IS NULL AND query = '<insufficient privilege>')
ORDER BY xact_start
