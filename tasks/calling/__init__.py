"""What callers in Python use: how work is asked for, and how it goes to the service: through Redis, over HTTP, or to
one in memory. Needs redis and msgspec, and httpx for HTTP alone. Imports watch and what is below."""
