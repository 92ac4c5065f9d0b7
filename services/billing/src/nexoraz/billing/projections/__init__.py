"""What billing answers questions from."""
