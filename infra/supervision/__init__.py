"""Supervised processes: which there are, how they start, stop and are renewed. Imports nginx, redis_server, host."""
