"""Assets over HTTP: parse, handle, present."""
