"""What a process is told: settings from the environment and from two files. Imports the ground only."""
