"""HTTP's own matters: errors, headers, parameters, bodies, representations. Imports no other wing."""
