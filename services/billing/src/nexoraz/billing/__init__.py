"""Plans, the credit ledger, and payments through Stripe."""
