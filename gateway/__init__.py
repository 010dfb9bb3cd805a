"""The HTTP face: authenticates, enqueues, returns result handles. Never imports model code."""
