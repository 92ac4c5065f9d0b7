"""Render over HTTP: parse, handle, present."""
