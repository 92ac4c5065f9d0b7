"""What a credit account and a purchase may do. Pure: no clock, no database, no network."""
