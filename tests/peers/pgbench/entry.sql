(
        SELECT 'user-' || i AS user_id,
            'task-' || (:n / 10)::text AS task_id,
            (:n % 10)::int AS step,
            (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
                || substr(md5((:r::bigint + i)::text), 1, 20))::uuid AS entry_id,
            now() AS recorded_at,
            {status}::text AS status,
            NULL::text AS error_code,
            {document}::jsonb AS result,
            i AS position
        FROM generate_series((:client_id * {size} + 1)::int, (:client_id * {size} + {size})::int) AS i
    ) AS entry
