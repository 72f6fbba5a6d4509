"""OpenAI Chat Completions, and every host that speaks it: client side and upstream side."""
