"""What our Celery workers do that Celery's do not: claim, lease, limit, redact. Imports telemetry and below."""
