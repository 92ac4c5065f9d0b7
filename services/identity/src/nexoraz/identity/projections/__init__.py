"""What identity can be asked, kept in the transaction that appends."""
