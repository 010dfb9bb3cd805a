"""How requests come over a connection and answers leave, beside uvicorn. Imports identity, commit, web."""
