DROP TABLE bookmark;
