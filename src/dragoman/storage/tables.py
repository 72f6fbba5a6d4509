"""The tables as queries name them; their shape is the migrations' matter."""

from sqlalchemy import Column, Float, LargeBinary, MetaData, String, Table

METADATA = MetaData()

STATE = Table(
    "state",
    METADATA,
    Column("space", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("written_at", Float, nullable=False),
    Column("expires_at", Float, nullable=True),
)
