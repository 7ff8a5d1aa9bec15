"""The command line."""
import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parse():
    """The options of this run."""
    parser = argparse.ArgumentParser(
        prog="scripts/judge", description="Lets PostgreSQL's own tests judge what pgweir sends to replicas.")
    add = parser.add_argument
    add("--only", metavar="PATTERN", action="append", default=[],
        help="judge the files whose name matches, with * and ?; test_setup runs before them in any case")
    add("--json", type=Path, metavar="FILE", help="write every statement and how it came out here")
    add("--again", type=Path, metavar="FILE", help="run nothing: ask pgweir anew about the statements in a "
        "file that --json wrote; it knows no catalog then")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--no-catalog", action="store_true", help="do not let pgweir read the database's catalog: it knows "
        "PostgreSQL's own functions then, and nothing else")
    add("--through", action="store_true", help="run the tests through a running pgweir, and compare what a "
        "replica has answered the client with the primary's answer")
    add("--regress", type=Path, metavar="DIR", help="PostgreSQL's src/test/regress; fetched from Debian's "
        "source package where this is not given")
    add("--peers", type=Path, metavar="DIR", help="a Debian tree with the newest PostgreSQL, made where it is "
        "missing (~/.cache/pgweir-bench/sid)")
    add("--all", action="store_true", help="print every statement of the lists, not the first few")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    return parser.parse_args()
