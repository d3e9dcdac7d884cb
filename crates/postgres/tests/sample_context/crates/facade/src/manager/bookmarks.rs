// A real context is reached through the manager: pub fn bookmarks(&self).
