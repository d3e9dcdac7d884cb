-- All agents, tasks, dependencies, executions and audit entries go with the tables: take a copy
-- first. The task history stays.
DROP TABLE audit_log;
DROP TABLE task_graph;
DROP TABLE task_queue;
DROP TABLE task_execution;
DROP TABLE task_dependency;
DROP TABLE task_state;
DROP TABLE task;
DROP TABLE agent_presence;
DROP TABLE agent;
