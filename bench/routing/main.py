"""The run as a whole."""
import argparse
import shutil
from pathlib import Path

from bench import load, machine, options, peers, stage
from bench.postgres import SCALE, Cluster
from bench.routing import cell, lag, report
from bench.say import Trouble, exit_status, step

#: A commit waits for its WAL to be written, as usual: with the benchmark's `off` it would not be sent to the
#: replicas before the walwriter has flushed it, up to 200 ms later.
SETTINGS = "synchronous_commit = on\nmax_standby_streaming_delay = -1\n"

#: Seconds for each row; ten rows and the set-up are then under two minutes, or under four.
QUICK_SECS, SECS = 5, 20


def main():
    """Runs, and returns the exit status."""
    chosen = _parse()
    return exit_status("scripts/bench-routing", lambda: _main(chosen))


def _main(chosen):
    binary = chosen.binary or load.build(options.ROOT / "Cargo.toml", options.ROOT / "target/release/pgweir")
    secs = chosen.secs or (QUICK_SECS if chosen.quick else SECS)
    with stage.Stage(peers.OnThisMachine(None), chosen.keep) as here:
        # pgweir runs as another user, and the binary may be rebuilt meanwhile.
        copy = here.scratch / "pgweir.bin"
        shutil.copy(binary.resolve(), copy)
        copy.chmod(0o755)
        step("starting PostgreSQL, a primary and two replicas")
        cluster = Cluster(here, replicas=2, settings=SETTINGS)
        cluster.query("CREATE TABLE probe AS SELECT id, 0 AS value FROM generate_series(0, 3) id")
        cluster.query("ALTER TABLE probe ADD PRIMARY KEY (id)")
        # Four rows would be read without the index that is counted.
        cluster.query("ALTER DATABASE bench SET enable_seqscan = off")
        lag.let_go(cluster, lag.Lag("none"))
        rows = [_measure(here, cluster, copy, way, secs) for way in _ways(chosen)]
        print(_heading(cluster, secs), report.markdown(rows), sep="\n\n")
        if chosen.keep:
            step(f"everything is in {here.scratch}")
    return 0


def _measure(here, cluster, binary, way, secs):
    step(f"{way.name}, for {secs} s")
    return cell.measure(here, cluster, binary, way, secs)


def _ways(chosen):
    wanted = [way for way in lag.ALL if not chosen.only or any(word in way.name for word in chosen.only)]
    if not wanted:
        raise Trouble(f"no row has such a name; there are: {', '.join(way.name for way in lag.ALL)}")
    return wanted


def _heading(cluster, secs):
    here = machine.describe()
    return (f"{here['processor']}, {here['cores']} cores, {here['kernel']}; {cluster.version}; scale {SCALE}, "
            f"{cell.CLIENTS} clients, {secs} s for each row")


def _parse():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-routing", description="Measures what pgweir does with reads while replicas lag.")
    add = parser.add_argument
    add("--quick", action="store_true", help=f"{QUICK_SECS} s for each row: under two minutes in all")
    add("--secs", type=int, help=f"how long each row is measured ({SECS})")
    add("--only", metavar="WORDS", action="append", help="rows with this in their name; may be given more than once")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    return parser.parse_args()
