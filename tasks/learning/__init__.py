"""What the three tasks do, without Celery: ingest a table, or only look at it (a dry run); fit, judge and promote a
version; predict, and write the answers. Imports reports and all below."""
