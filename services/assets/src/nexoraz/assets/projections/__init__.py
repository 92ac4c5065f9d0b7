"""What assets answers questions from."""
