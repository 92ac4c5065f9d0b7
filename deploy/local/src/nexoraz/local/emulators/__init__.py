"""Programs that stand for other companies on a developer's machine."""
