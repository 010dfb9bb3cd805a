"""A folder for PYTHONPATH, on which a service runs without what watches it."""
