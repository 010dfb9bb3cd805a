"""The rows of an estimate, made to fit the schema of a version, as forgivingly as is safe; what was done is noted."""
