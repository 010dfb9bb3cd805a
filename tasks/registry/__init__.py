"""Models, their snapshots of data, their versions. Imports the ledger's claims, estimators, tables and below."""
