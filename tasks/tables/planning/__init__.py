"""From a typed table to its plan: what each column is, what was found, what is learned. Imports tables/ only."""
