"""What identity does for its callers: one handler per command, and the ports that handlers need."""
