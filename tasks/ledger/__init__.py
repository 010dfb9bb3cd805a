"""The durable record of accepted work: accept, claim, finish, cancel, count, read. Imports storage and below."""
