"""The way of one request: the attempt loop and the relay are here and nowhere else. No ASGI."""
