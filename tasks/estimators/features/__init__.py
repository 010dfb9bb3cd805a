"""Dates and text as numbers, for estimators that take nothing else. Fitted on the rows to learn from; kept with the
model."""
