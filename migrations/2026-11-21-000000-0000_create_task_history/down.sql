-- The whole history goes with the tables: take a copy first.
DROP TABLE task_summary;
DROP TABLE task_history;
