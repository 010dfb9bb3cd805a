"""The embedded Valkey, its users, and which Redis is used. Imports host."""
