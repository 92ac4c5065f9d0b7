"""The real parts, one module each: what it is given, how it is started, how it is asked whether it works."""
