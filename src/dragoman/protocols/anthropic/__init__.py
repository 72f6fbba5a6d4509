"""Anthropic Messages, both sides. `codec.py` is the only door."""
