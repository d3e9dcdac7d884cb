CREATE TABLE bookmark (
    user_id text COLLATE "C" NOT NULL,
    name    text COLLATE "C" NOT NULL,
    url     text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, name)
);

COMMENT ON TABLE bookmark IS 'A row for each bookmark.';
COMMENT ON COLUMN bookmark.user_id IS 'The user that the bookmark belongs to.';
COMMENT ON COLUMN bookmark.name IS 'The name, unique among the bookmarks of the user.';
COMMENT ON COLUMN bookmark.url IS 'Where it leads.';
