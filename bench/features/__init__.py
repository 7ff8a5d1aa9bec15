"""The benchmark behind scripts/bench-features.

`main` starts a primary with a replica and a pgweir for each `feature`, all at the same time, and gives pgbench to each of
them in turns. What is read beside it, as Prometheus does, is in `scraper`.
"""
