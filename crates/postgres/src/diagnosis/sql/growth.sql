-- A part of the pages, in percent, and what it tells of the whole. Times of the future do not count.
SELECT count(*) AS sampled,
       (count(*) * 100 / share.percent)::bigint AS entries,
       (count(*) FILTER (WHERE recorded_at > now() - interval '7 days' AND recorded_at <= now())
            * 100 / share.percent)::bigint AS last_week,
       coalesce(greatest(extract(epoch FROM now() - min(recorded_at)), 0), 0)::bigint AS oldest_seconds
FROM (SELECT $1::double precision AS percent) AS share,
     task_history TABLESAMPLE SYSTEM ($1)
GROUP BY share.percent
