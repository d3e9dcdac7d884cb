        ORDER BY at DESC, id DESC
        LIMIT $6
    ) AS listed
) AS page
WHERE coalesce(bytes_before, 0) < $7
ORDER BY at DESC, id DESC
