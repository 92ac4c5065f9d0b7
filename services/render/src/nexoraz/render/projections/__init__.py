"""What render answers questions from."""
