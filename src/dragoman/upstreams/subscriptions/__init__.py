"""Hosts that a login opens instead of a key: a file for each kind, gathered in `kinds.py`."""
