"""The pages of `make docs`, and what writes the generated parts of its reference. Not installed."""
