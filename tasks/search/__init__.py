"""Search for params: what is asked for, the space, the study (Optuna). Knows no Celery, no Redis, no learning."""
