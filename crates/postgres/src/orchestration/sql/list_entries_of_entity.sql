          -- About this, and of one actor or any.
          AND entity = $8 AND entity_id = $9 AND ($10 IS NULL OR actor = $10)
