"""Following work from Python, in a terminal or a notebook: handles, and their progress as it comes. Imports registry
and what is below."""
