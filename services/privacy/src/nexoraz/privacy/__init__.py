"""Requests of people about their own data: a process manager that ends with proof."""
