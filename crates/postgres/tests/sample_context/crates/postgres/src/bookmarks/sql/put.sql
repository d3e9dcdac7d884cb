-- Stores a bookmark.
INSERT INTO bookmark (user_id, name, url) VALUES ($1, $2, $3)
ON CONFLICT (user_id, name) DO UPDATE SET url = EXCLUDED.url
