"""The run as a whole: every feature in turns, several times."""
import argparse
import shutil
import statistics
import sys
from pathlib import Path

from bench import load, machine, options, peers, stage
from bench.features import feature
from bench.features.scraper import Scraper
from bench.measurements import SELECT
from bench.postgres import Cluster
from bench.say import Trouble, step

MODES = ("simple", "extended", "prepared")

CLIENTS = 32

#: Rounds and seconds: under two minutes, or about eight.
QUICK, WHOLE = (2, 2), (5, 4)


def main():
    """Runs, and returns the exit status."""
    chosen = _parse()
    try:
        return _main(chosen)
    except Trouble as trouble:
        print(f"scripts/bench-features: {trouble}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("scripts/bench-features: interrupted", file=sys.stderr)
        return 130


def _main(chosen):
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
        running = [feature.start(here, cluster, copy, one, chosen.io) for one in feature.ALL]
        spent = {mode: _rounds(here, running, mode, rounds, secs) for mode in MODES}
        print(_heading(cluster, rounds, secs), _markdown(spent), sep="\n\n")
        if chosen.keep:
            step(f"everything is in {here.scratch}")
    return 0


def _rounds(here, running, mode, rounds, secs):
    """For each feature the CPU per transaction in each round, us."""
    spent = {one.feature.name: [] for one in running}
    for number in range(rounds):
        step(f"{mode}, round {number + 1} of {rounds}")
        turn = number % len(running)
        for one in running[turn:] + running[:turn]:
            spent[one.feature.name].append(_once(here, one, mode, secs))
    return spent


def _once(here, one, mode, secs):
    scraper = Scraper(one.metrics_port if one.feature.scraped else None)
    try:
        before = one.process.cpu_secs()
        count, _ = load.pgbench(here, one.port, mode=mode, clients=CLIENTS, length=("-T", secs), script=SELECT,
                                tls=False)
        return (one.process.cpu_secs() - before) / count * 1e6
    finally:
        scraper.stop()


def _markdown(spent):
    """CPU with everything off; for each feature how much more, in us and in percent."""
    lines = ["| CPU a transaction | " + " | ".join(MODES) + " |", "| --- |" + " ---: |" * len(MODES)]
    base = feature.ALL[0].name
    for one in feature.ALL:
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
    add("--quick", action="store_true", help=f"{QUICK[0]} rounds of {QUICK[1]} s: under two minutes in all")
    add("--rounds", type=int, help=f"how often each feature is measured ({WHOLE[0]})")
    add("--secs", type=int, help=f"how long each measurement lasts ({WHOLE[1]})")
    add("--io", choices=("uring", "epoll"), help="how sockets are read and written (what pgweir chooses)")
    add("--binary", type=Path, metavar="PATH", help="a pgweir that is already built")
    add("--keep", action="store_true", help="keep the scratch folder, with its logs")
    return parser.parse_args()
