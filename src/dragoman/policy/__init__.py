"""What the user's rules make of a request. No I/O."""
