"""The rules of identity: pure functions over events. Time, ids, hashes and secrets arrive as data."""
