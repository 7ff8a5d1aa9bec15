"""The benchmark behind scripts/bench.

`main` sets the stage (`stage`: a scratch folder, a PostgreSQL with a replica, the peers' programs), then
`rounds` takes one cell of a section after the other, starts the poolers with what the cell needs, and
measures all of them in turns. `results` keeps the samples, `report` makes tables of them, `goals` judges.

The load comes from pgbench and, for what pgbench cannot, from the crate in `load/`.
"""
