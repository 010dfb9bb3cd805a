"""The endpoint for agents, by the Model Context Protocol (extra `mcp`): tools that ask the gateway in their caller's
name. Imports tasks and nothing of infra."""
