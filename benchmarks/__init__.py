"""The project's figures beside their ceilings and peers: `python -m benchmarks`."""
