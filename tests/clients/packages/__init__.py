"""What real packages do with the service, each in an environment of its own: programs that import nothing of ours.

Each is told URL and MODEL, has a TOKEN in its environment, and writes one line of JSON: by what it has tried, the
predictions for `asking.ROWS`.
"""
