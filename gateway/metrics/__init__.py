"""What /metrics says. Imports no other wing."""
