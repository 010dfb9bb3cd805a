"""Tables in and out, and whether they fit a model. Knows no Celery and no Redis; imports the ground only."""
