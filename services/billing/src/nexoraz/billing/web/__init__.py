"""Billing over HTTP: parse, handle, present."""
