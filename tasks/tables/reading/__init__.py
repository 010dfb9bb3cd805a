"""Bytes to tables: what a body is, told by its first bytes, and what it says; no types of columns are decided here
that the bytes do not tell. Imports nothing of `tables/` that knows a model."""
