"""The benchmark behind scripts/bench-routing.

`main` starts a primary with two replicas. For each way of `lag` it starts a pgweir, holds the replicas up,
and runs pgbench and a `probe` through it at the same time; `cell` counts, and `report` makes the table.
"""
