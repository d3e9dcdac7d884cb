-- The session and its server. A connection leaves the machine if both ends have addresses and these
-- differ. With a pooler, this describes the pooler's connection to the server.
SELECT current_setting('server_version') AS version,
       current_user::text AS role,
       current_database()::text AS database,
       current_schema()::text AS schema,
       coalesce(ssl.ssl, false) AS encrypted,
       ssl.version AS protocol,
       coalesce(inet_client_addr() <> inet_server_addr(), false) AS remote,
       (SELECT sum(numbackends) FROM pg_stat_database)::bigint AS connections,
       current_setting('max_connections')::bigint
           - current_setting('superuser_reserved_connections')::bigint AS max_connections
FROM (SELECT pg_backend_pid() AS pid) AS session
LEFT JOIN pg_stat_ssl AS ssl USING (pid)
