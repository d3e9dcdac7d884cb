          -- Of this actor.
          AND actor = $10
