"""The Gemini API, both sides."""
