"""The tables as queries name them; their shape is the migrations' matter."""

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table

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

AMP_THREADS = Table(
    "amp_threads",
    METADATA,
    Column("owner", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("used_ms", Integer, nullable=False),
    Column("main", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("meta", LargeBinary, nullable=False),
    Column("labels", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("repos", String, nullable=False),
    Column("refs", String, nullable=False),
    Column("files", String, nullable=False),
    Column("text", String, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

SHARED = Table(
    "shared",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("changes", Integer, nullable=False),
)

CLIENT_KEYS = Table(
    "client_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("groups", String, nullable=False),
    Column("models", String, nullable=False),
    Column("expires_at", Float, nullable=True),
    Column("revoked_at", Float, nullable=True),
    Column("rpm", Integer, nullable=False),
    Column("tpm", Integer, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("body_log", Boolean, nullable=False),
    Column("quotas", String, nullable=False),
)
