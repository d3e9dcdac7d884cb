-- All bookmarks go with the table: take a copy first.
DROP TABLE bookmark;
