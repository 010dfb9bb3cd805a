"""Models, their snapshots of data, their versions and aliases; the history of what was done to them, and deleting them.
Imports the ledger, estimators, tables and below."""
