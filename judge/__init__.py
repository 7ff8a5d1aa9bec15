"""PostgreSQL's regression tests, run through a court that compares primary and replica.

The way of a run: `source` fetches the tests, `cluster` starts a primary and a replica, `suite` runs psql
file by file, `court` sits between psql and the primary and asks the replica and the `classifier` about
each statement, `case` says how it came out, and `report` counts. With --through a running pgweir is where the
primary was: `passage` asks it who has answered, and has the primary answer, too."""
