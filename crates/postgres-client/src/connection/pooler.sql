-- Facts about the session of a new connection (tasktrail). `is_renamed` tells whether a pooler has
-- prepared this very statement under a name of its own: the driver's names are s0, s1 and so on.
SELECT quote_ident(session_user) AS role,
       quote_ident(current_database()) AS database,
       current_setting('tasktrail.session', true) IS NOT DISTINCT FROM 'on' AS is_marked,
       (SELECT coalesce(bool_or(name !~ '^s[0-9]+$'), false) FROM pg_prepared_statements
        WHERE strpos(statement, 'Facts about the session of a new connection (tasktrail)') > 0) AS is_renamed
