// A real context runs its suite through `Guarded` and every policy here: bookmarks_suite!(fresh).
