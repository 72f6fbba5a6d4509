"""What outlives a process: one SQLite file in data-dir, numbered migrations, one writer."""
