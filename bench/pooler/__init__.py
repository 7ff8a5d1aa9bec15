"""The poolers, each with the best settings for it and 16 server connections.

A pooler is an object with `name`, the column's title; `version()`; `refuses(cell)`, a reason why it
cannot be measured there, or None; and `start(setup, place)`, which returns its process.
"""
from bench.pooler.odyssey import Odyssey
from bench.pooler.pgagroal import Pgagroal
from bench.pooler.pgbouncer import PgBouncer
from bench.pooler.pgweir import pgweirs

REFERENCE = "PgBouncer"


def all_poolers(stage, binary):
    """Every column; first the one that the others are compared with."""
    return [PgBouncer(stage), *pgweirs(stage, binary), Odyssey(stage), Pgagroal(stage)]
