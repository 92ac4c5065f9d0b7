"""The HTTP API of identity, all of it under /v1/identity."""
