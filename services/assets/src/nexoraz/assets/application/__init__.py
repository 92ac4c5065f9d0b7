"""What assets does with commands, events and tasks."""
