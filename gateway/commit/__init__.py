"""From requests to groups and back: group commit, and who waits for what. Imports wiring."""
