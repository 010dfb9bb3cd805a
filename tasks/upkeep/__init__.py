"""The system tasks: what looks after accepted work and removes what is old. Imports worker and all below."""
