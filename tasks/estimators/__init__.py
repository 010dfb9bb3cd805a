"""Estimators: prepare, fit, predict, dump, load. No Celery, no Redis, no environment."""
