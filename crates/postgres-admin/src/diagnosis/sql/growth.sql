-- The number of entries, and an estimate of those added in the last 7 days, which assumes that the
-- entries of a task are spread evenly over its time. Reads the tasks, not the entries. Ignores times
-- in the future.
SELECT coalesce(sum(entries), 0)::bigint AS entries,
       coalesce(sum(
           CASE
               WHEN last_updated <= week.begin OR created_at > now() THEN 0
               WHEN created_at >= week.begin AND last_updated <= now() THEN entries
               ELSE entries * extract(epoch FROM least(last_updated, now()) - greatest(created_at, week.begin))
                   / extract(epoch FROM last_updated - created_at)
           END), 0)::bigint AS last_week,
       coalesce(greatest(extract(epoch FROM now() - min(created_at)), 0), 0)::bigint AS oldest_seconds
FROM task_summary, (SELECT now() - interval '7 days' AS begin) AS week
