      -- No open task depends on it, or is a part of it.
      NOT EXISTS (
          SELECT FROM task_dependency AS edge
          JOIN task_state AS dependant USING (user_id, task_id)
          WHERE edge.user_id = task.user_id AND edge.prerequisite_id = task.task_id
            AND dependant.state IN ('blocked', 'ready', 'assigned', 'running', 'waiting'))
      AND NOT EXISTS (
          SELECT FROM task AS part
          JOIN task_state AS progress USING (user_id, task_id)
          WHERE part.user_id = task.user_id AND part.parent_id = task.task_id
            AND progress.state IN ('blocked', 'ready', 'assigned', 'running', 'waiting'))
