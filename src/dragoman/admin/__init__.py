"""What the management API does, without HTTP: the files it reads and changes."""
