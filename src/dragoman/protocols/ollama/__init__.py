"""Ollama's own API (https://docs.ollama.com/api, as the Python client 0.6.3 speaks it)."""
