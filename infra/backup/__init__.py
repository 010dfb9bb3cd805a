"""One file that holds a home, and the ways from a home to a file, to another home, and to a Redis of its own."""
