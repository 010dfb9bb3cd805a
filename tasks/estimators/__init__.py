"""Estimators: prepare, fit, predict, explain, dump, load; and metrics, how far they may be off, and baselines. What
turns dates and text into numbers is in `features/`. No Celery, no Redis, no environment."""
