"""What a photo is and what may happen to it. Pure."""
