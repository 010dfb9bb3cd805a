"""The parts of the reference that are read from the code, as Markdown. Needs no more than the tests do."""
