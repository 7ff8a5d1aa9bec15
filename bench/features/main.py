"""The run as a whole: every feature in turns, several times."""
import argparse
import functools
import shutil
import statistics
from pathlib import Path

from bench import load, machine, options, peers, stage
from bench.features import feature
from bench.features.scraper import Scraper
from bench.measurements import SELECT
from bench.postgres import Cluster
from bench.say import Trouble, exit_status, step

MODES = ("simple", "extended", "prepared")

CLIENTS = 32

#: Statements of each client before it is measured: by then all servers are there, and the catalog is known.
WARM = 100

#: Rounds and seconds: under three minutes, or about twelve.
QUICK, WHOLE = (2, 2), (8, 3)


def main():
    """Runs, and returns the exit status."""
    chosen = _parse()
    return exit_status("scripts/bench-features", lambda: _main(chosen))


def _main(chosen):
    rows = _rows(chosen.only)
    binary = chosen.binary or load.build(options.ROOT / "Cargo.toml", options.ROOT / "target/release/pgweir")
    rounds, secs = QUICK if chosen.quick else WHOLE
    rounds, secs = chosen.rounds or rounds, chosen.secs or secs
    with stage.Stage(peers.OnThisMachine(None), chosen.keep) as here:
        # pgweir runs as another user, and the binary may be rebuilt meanwhile.
        copy = here.scratch / "pgweir.bin"
        shutil.copy(binary.resolve(), copy)
        copy.chmod(0o755)
        step("starting PostgreSQL, a primary and a replica")
        cluster = Cluster(here)
        start = functools.partial(feature.start, here, cluster, copy, io=chosen.io)
        spent = {mode: _rounds(here, start, rows, mode, rounds, secs) for mode in MODES}
        print(_heading(cluster, rounds, secs), _markdown(rows, spent), sep="\n\n")
        if chosen.keep:
            step(f"everything is in {here.scratch}")
    return 0


def _rows(only):
    """The first, which the others are compared with, and those that are wanted."""
    base, *others = feature.ALL
    wanted = [one for one in others if not only or any(words in one.name for words in only)]
    if not wanted:
        raise Trouble(f"no row has such a name; there are: {', '.join(one.name for one in others)}")
    return [base, *wanted]


def _rounds(here, start, rows, mode, rounds, secs):
    """For each feature the CPU per transaction in each round, us."""
    spent = {one.name: [] for one in rows}
    for number in range(rounds):
        step(f"{mode}, round {number + 1} of {rounds}")
        turn = number % len(rows)
        for one in rows[turn:] + rows[:turn]:
            # A new one each time: two processes of the same kind differ by up to a tenth, all their life.
            running = start(one)
            spent[one.name].append(_once(here, running, mode, secs))
            here.stop(running.process)
    return spent


def _once(here, running, mode, secs):
    load.pgbench(here, running.port, mode=mode, clients=CLIENTS, length=("-t", WARM), script=SELECT, tls=False)
    scraper = Scraper(running.metrics_port if running.feature.scraped else None)
    try:
        before = running.process.cpu_secs()
        count, _ = load.pgbench(here, running.port, mode=mode, clients=CLIENTS, length=("-T", secs), script=SELECT,
                                tls=False)
        return (running.process.cpu_secs() - before) / count * 1e6
    finally:
        scraper.stop()


def _markdown(rows, spent):
    """CPU with everything off; for each feature how much more, in us and in percent."""
    lines = ["| CPU a transaction | " + " | ".join(MODES) + " |", "| --- |" + " ---: |" * len(MODES)]
    base = feature.ALL[0].name
    for one in rows:
        cells = [_cell(spent[mode][base], spent[mode][one.name], one.name == base) for mode in MODES]
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(base, found, is_base):
    """Differences are taken within a round, where the machine was the same."""
    usual = statistics.median(base)
    if is_base:
        return f"{usual:.2f} us"
    more = statistics.median(mine - theirs for mine, theirs in zip(found, base))
    return f"{more:+.2f} us ({more / usual:+.1%})"


def _heading(cluster, rounds, secs):
    here = machine.describe()
    return (f"{here['processor']}, {here['cores']} cores, {here['kernel']}; {cluster.version}; pgbench -S, {CLIENTS} "
            f"clients on 16 servers; medians of {rounds} rounds of {secs} s")


def _parse():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-features", description="Measures what pgweir's features cost a transaction.")
    add = parser.add_argument
    add("--quick", action="store_true", help=f"{QUICK[0]} rounds of {QUICK[1]} s: under three minutes in all")
    add("--rounds", type=int, help=f"how often each feature is measured ({WHOLE[0]})")
    add("--secs", type=int, help=f"how long each measurement lasts ({WHOLE[1]})")
    add("--only", metavar="WORDS", action="append", help="rows with this in their name; may be given more than once")
    add("--io", choices=("uring", "epoll"), help="how sockets are read and written (what pgweir chooses)")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    return parser.parse_args()
