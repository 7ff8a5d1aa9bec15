"""The benchmark behind scripts/bench-features.

`main` starts a primary with a replica, and for each measurement a pgweir with a `feature`, to which it gives pgbench. What is
read beside it, as Prometheus does, is in `scraper`.
"""
