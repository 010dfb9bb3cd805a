"""Tables in and out, and whether they fit a model. Knows no Celery and no Redis; imports the ground only.

A body becomes a table in `reading/`, its columns get their types in `value_types/`, and `planning/` decides what each
is to a model; `conforming/` makes the rows of an estimate fit the schema that came of it. `codes/` has the kinds of
what they find. Here lie what a table may be (schema, plan, bounds), how large bodies become, and how rows are split.
"""
