"""What the command line does with a running service: accounts, tokens, dead letters, status. Imports host."""
