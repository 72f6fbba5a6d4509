"""Logs with redaction; metrics and traces later."""
