"""Accounts, sign-in, sessions, profiles and outgoing mail."""
