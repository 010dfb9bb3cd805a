"""A folder for PYTHONPATH, on which what watches a service goes off and on while it runs."""
