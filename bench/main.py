"""The run as a whole."""
import fnmatch
import sys
import time

from bench import certificate, load, machine, options, peers, pooler, report, rounds, sections, stage
from bench.postgres import Cluster
from bench.results import Results
from bench.say import exit_status, step

#: Clients of the largest cells, and what else a process needs descriptors for.
CROWD, SPARE_DESCRIPTORS = 10_000, 500

#: Options whose values belong to one machine, and do not go into the results.
PRIVATE = ("--lock", "--json", "--markdown", "--peers", "--binary")


def main():
    """Runs, and returns the exit status."""
    chosen = options.parse()
    return exit_status("scripts/bench", lambda: _main(chosen))


def _main(chosen):
    cells = _cells(chosen, _crowd())
    if chosen.list:
        print("\n".join(cell.full_name for cell in cells))
        return 0
    results = Results.load(chosen.json)
    if not chosen.render:
        _measure(chosen, cells, results)
    _report(chosen, results)
    return 0


def _measure(chosen, cells, results):
    binary = _build(chosen)
    pace = options.pace(chosen)
    found = peers.Peers(chosen.peers)
    begun = time.monotonic()
    with stage.Stage(found, chosen.keep) as here:
        with rounds.held(chosen.lock):
            step("starting PostgreSQL, a primary and a replica")
            cluster = Cluster(here)
        columns = _columns(chosen, here, binary)
        versions = {"PostgreSQL": cluster.version, **{p.name: p.version() for p in columns}}
        for name, version in versions.items():
            step(f"{name}: {version}")
        results.describe(machine.describe(), versions, _command(), [p.name for p in columns])
        measuring = rounds.Rounds(here, cluster, columns, certificate.make(here), chosen.lock)
        try:
            measuring.run(cells, pace, rounds.Budget(pace.budget_secs, begun), results)
        finally:
            if chosen.json:
                results.save(chosen.json)
        if chosen.keep:
            step(f"everything is in {here.scratch}")


def _build(chosen):
    with rounds.held(chosen.lock):
        load.build(load.CRATE / "Cargo.toml", load.BINARY)
        if chosen.binary:
            return chosen.binary.resolve()
        return load.build(options.ROOT / "Cargo.toml", options.ROOT / "target/release/pgweir")


def _cells(chosen, crowd):
    cells = sections.all_cells(crowd)
    if chosen.only:
        return [c for c in cells if any(_matches(c.full_name, pattern) for pattern in chosen.only)]
    return [c for c in cells if c.quick or not chosen.quick]


def _matches(name, pattern):
    return fnmatch.fnmatch(name, pattern) or name.startswith(f"{pattern}/")


def _columns(chosen, here, binary):
    columns = pooler.all_poolers(here, binary)
    if chosen.poolers:
        wanted = chosen.poolers.lower().split(",")
        return [p for p in columns if any(p.name.lower().startswith(name) for name in wanted)]
    if chosen.quick:
        return [p for p in columns if p.name == pooler.REFERENCE or p.name.startswith("pgweir")]
    return columns


def _crowd():
    limit = stage.raise_descriptor_limit()
    fits = min(CROWD, limit - SPARE_DESCRIPTORS)
    if fits < CROWD:
        step(f"a process may open only {limit} files: crowds have {fits} clients, not {CROWD}")
    return fits


def _report(chosen, results):
    text = report.markdown(results)
    print(text)
    full = not (chosen.quick or chosen.only or chosen.poolers or chosen.render)
    path = chosen.markdown or (options.DOCUMENT if full else None)
    if path:
        report.write(path, results)
        step(f"written to {path}")


def _command():
    words, skip = ["scripts/bench"], False
    for word in sys.argv[1:]:
        if not skip and word.split("=")[0] not in PRIVATE:
            words.append(word)
        skip = word in PRIVATE
    return " ".join(words)
