CREATE TABLE report (
    user_id text NOT NULL,
    id text NOT NULL,
    title text NOT NULL,
    url text,
    PRIMARY KEY (user_id, id)
);
