"""`mlservice demo`: the service shown on real data. Imports supervision, host."""
