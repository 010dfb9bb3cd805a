"""Data that an operator names and users refer to: files and databases to tables. Knows no Celery and no Redis of ours;
imports tables, storage and what is below them. Drivers of databases are imported when they are needed."""
