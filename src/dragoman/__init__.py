"""dragoman: one address between AI coding clients and any model."""

__version__ = "0.1.0"
