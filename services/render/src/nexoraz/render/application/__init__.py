"""What render does when it is asked or told something."""
