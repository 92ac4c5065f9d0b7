"""The bus on a real NATS server and real PostgreSQL databases."""
