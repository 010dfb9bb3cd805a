"""Logs and traces of a process. Imports the ledger's groups, config and what is below."""
