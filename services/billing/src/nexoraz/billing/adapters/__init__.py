"""Where billing meets the bus, Stripe and SQL."""
