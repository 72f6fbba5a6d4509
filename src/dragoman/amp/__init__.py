"""Amp's side of the gateway: which paths are its own, which models stand for those it asks for, and
what crosses to ampcode.com and back. No ASGI here; the routes are `server/routes_amp*.py`."""
