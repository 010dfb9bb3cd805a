"""Redis for an event loop, and what is done while it does not answer. The ground of the gateway."""
