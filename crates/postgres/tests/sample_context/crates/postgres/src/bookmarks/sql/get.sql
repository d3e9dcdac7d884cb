-- The URL of a bookmark.
SELECT url FROM bookmark WHERE user_id = $1 AND name = $2
