"""NGINX's configuration, and TLS. Imports host."""
