"""Where render meets the bus, assets' photos, the engine's processes and its bucket."""
