) AS listed
LIMIT $6
