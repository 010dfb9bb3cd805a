"""One installation on this machine: its home, addresses, processes, signals. The ground of infra."""
