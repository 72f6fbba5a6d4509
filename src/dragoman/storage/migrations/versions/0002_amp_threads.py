"""Threads of Amp clients, by the client key that owns them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "amp_threads",
        sa.Column("owner", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        # What is long stands last: a list need not read over it.
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("used_ms", sa.Integer, nullable=False),
        sa.Column("main", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("meta", sa.LargeBinary, nullable=False),
        sa.Column("labels", sa.LargeBinary, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("repos", sa.String, nullable=False),
        sa.Column("refs", sa.String, nullable=False),
        sa.Column("files", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("amp_threads_used", "amp_threads", ["owner", "used_ms", "size"])
