"""`make fuzz`: the running service against its definition, with schemathesis."""
