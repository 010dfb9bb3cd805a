"""What each command may be given. Imports host's defaults only, so that every command starts fast."""
