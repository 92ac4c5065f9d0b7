"""Render jobs, presets, the engine and its outputs."""
