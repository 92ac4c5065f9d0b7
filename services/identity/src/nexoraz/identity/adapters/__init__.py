"""How identity reaches the world: PostgreSQL, SMTP, argon2id, the bus. Only bootstrap names what is in here."""
