"""Talking to model hosts: the one HTTP client, the embedded echo model, local discovery."""
