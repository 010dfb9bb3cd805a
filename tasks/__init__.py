"""What runs in a worker, and the contract for calling it."""
