"""One fit over the workers of a Dask cluster: stands on errors and estimators. No Celery, no Redis, no settings."""
