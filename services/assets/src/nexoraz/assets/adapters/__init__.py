"""Where assets meets the bus, its bucket and SQL."""
