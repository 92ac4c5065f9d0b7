"""What billing does when it is asked or told something."""
