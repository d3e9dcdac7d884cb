  AND error_code = $7
