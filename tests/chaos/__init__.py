"""Faults in a running service under load, and the account of what became of all the work that it accepted."""
