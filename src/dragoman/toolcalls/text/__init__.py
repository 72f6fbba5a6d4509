"""Tools for models without function calling: offered as text, their calls read back from text."""
