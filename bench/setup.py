"""What a cell asks of every pooler."""
from dataclasses import dataclass

#: Server connections of every pooler.
SERVERS = 16

#: More clients than any cell has.
MAX_CLIENTS = 15000


@dataclass(frozen=True)
class Setup:
    """How poolers are started; poolers of cells with the same set-up are started once."""
    auth: str = "trust"
    tls: bool = False
    routing: bool = False
    workers: int = 1
    stub: bool = False
    #: Cells that need fresh processes set it to their own name.
    fresh_for: str = ""


@dataclass(frozen=True)
class Place:
    """Where one pooler listens, and what stands behind it."""
    port: int
    primary_port: int
    replica_port: int
    secret: str
    #: Certificate and key, in PEM.
    certificate: object
    key: object
