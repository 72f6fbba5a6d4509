"""Logging in: from a person's consent to an auth file."""
