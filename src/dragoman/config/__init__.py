"""Configuration: every setting one typed, described field; loading with line numbers; the template.

Nothing here watches or saves files, and nothing here talks to an upstream.
"""
