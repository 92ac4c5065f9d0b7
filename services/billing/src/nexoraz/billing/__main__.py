"""`python -m nexoraz.billing web | worker | migrate | rebuild`."""
