"""The command line."""
import argparse
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/benchmarks.md"

#: What a quick run may take, builds and downloads not counted; the rest of three minutes is for the end.
QUICK_SECS = 165


@dataclass(frozen=True)
class Pace:
    """How often and how long each cell is measured, and when it must be over."""
    rounds: int
    secs: float
    budget_secs: float | None = None


def parse():
    """The options of this run."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures pgweir and its peers side by side.")
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer cells, shorter: three minutes at most")
    add("--rounds", type=int, help="how often each cell is measured (3; quick: 2)")
    add("--secs", type=float, help="how long each measurement lasts (5; quick: 1.5)")
    add("--only", metavar="PATTERN", action="append",
        help="cells whose name matches, with * and ?; may be given more than once")
    add("--list", action="store_true", help="print the names of the cells, and stop")
    add("--poolers", metavar="NAMES", help='columns to measure, for instance "pgbouncer,pgweir"')
    add("--json", type=Path, metavar="FILE", help="keep the raw results here; cells that are already in "
        "the file and not measured now stay")
    add("--markdown", type=Path, metavar="FILE",
        help="write the tables here; a full run writes them into docs/benchmarks.md")
    add("--render", action="store_true", help="measure nothing: make tables of what --json has")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--peers", type=Path, metavar="DIR", help="a Debian tree with the peers, made where it is missing "
        "(~/.cache/pgweir-bench/sid)")
    add("--lock", type=Path, metavar="FILE", help="hold this file's lock during each cell, for a machine "
        "that several share")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    options = parser.parse_args()
    if options.render and not options.json:
        parser.error("--render needs --json")
    return options


def pace(options):
    """The pace of these options."""
    rounds, secs = (2, 1.5) if options.quick else (3, 5.0)
    return Pace(options.rounds or rounds, options.secs or secs, QUICK_SECS if options.quick else None)
