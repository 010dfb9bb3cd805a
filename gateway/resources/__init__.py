"""One module a resource: tokens, models, tasks, health."""
