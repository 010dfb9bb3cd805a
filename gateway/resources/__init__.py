"""One module a resource: tokens, work, tasks, models, health."""
