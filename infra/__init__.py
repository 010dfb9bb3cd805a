"""Running the service: the command line, the supervised processes and their configuration."""
