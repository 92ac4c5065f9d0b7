"""What a render job may do. Pure: no clock, no database, no pixels."""
