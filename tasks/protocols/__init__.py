"""What other protocols send and want: bodies to rows, results to bodies. Imports tables."""
