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
        "file that --json wrote")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--config", type=Path, metavar="FILE", help="let pgweir know the database of this configuration; "
        "{primary} and {replica} in the file become their ports. Needs --database")
    add("--database", metavar="NAME", help="the database's name in that file")
    add("--regress", type=Path, metavar="DIR", help="PostgreSQL's src/test/regress; fetched from Debian's "
        "source package where this is not given")
    add("--peers", type=Path, metavar="DIR", help="a Debian tree with the newest PostgreSQL, made where it is "
        "missing (~/.cache/pgweir-bench/sid)")
    add("--all", action="store_true", help="print every statement of the lists, not the first few")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    options = parser.parse_args()
    if bool(options.config) != bool(options.database):
        parser.error("--config and --database need each other")
    return options
