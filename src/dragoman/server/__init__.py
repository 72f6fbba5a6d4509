"""HTTP and WebSocket in, exchange out: the ASGI application, authentication, a routes file for
each protocol."""
