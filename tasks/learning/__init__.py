"""What the three tasks do, without Celery: ingest, fit, predict. Imports reports and all below."""
