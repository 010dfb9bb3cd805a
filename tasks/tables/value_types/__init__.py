"""One rule for the types of columns, by what the values are, whatever wrote them. Imports only from `tasks.tables`."""
