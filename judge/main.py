"""The run as a whole."""
import json
import subprocess
from dataclasses import asdict

from bench import peers
from bench.process import free_port
from bench.say import Trouble, exit_status, step
from bench.stage import Stage
from judge import options, passage, report, source
from judge.case import Case
from judge.classifier import Classifier
from judge.cluster import Cluster
from judge.court import Court
from judge.suite import Suite

CONFIGURATION = """
[pooler]
auth_type = "trust"

[databases.regression]
primary = "127.0.0.1:{primary}"
replicas = ["127.0.0.1:{replica}"]
user = "postgres"
"""


def main():
    """Runs, and returns the exit status."""
    chosen = options.parse()
    return exit_status("scripts/judge", lambda: _main(chosen))


def _main(chosen):
    cases = _ask_again(chosen) if chosen.again else _judge(chosen)
    if chosen.json:
        chosen.json.write_text("".join(json.dumps(asdict(one)) + "\n" for one in cases))
    print(report.through(cases, chosen.all) if chosen.through else report.render(cases, chosen.all))
    return 0


def _judge(chosen):
    binary = _binary(chosen)
    with Stage(peers.Peers(chosen.peers), chosen.keep) as stage:
        step("starting PostgreSQL, a primary and a replica")
        cluster = Cluster(stage)
        major = cluster.version() // 10000
        suite = Suite(stage, chosen.regress or source.regress(major), chosen.only)
        court = _court(chosen, stage, cluster, binary)
        for name in suite.files:
            begun = len(court.cases)
            court.open(name, suite.source(name))
            suite.run(name, court.port)
            if court.trouble:
                raise Trouble(f"{name}: {court.trouble}")
            step(f"{name}: {len(court.cases) - begun} statements")
        return court.cases


def _court(chosen, stage, cluster, binary):
    if not chosen.through:
        return Court(cluster, Classifier(binary, _knowledge(chosen, stage, cluster)))
    port = free_port()
    file = stage.write(stage.scratch / "pgweir.toml", passage.CONFIGURATION.format(
        port=port, primary=cluster.primary_port, replica=cluster.replica_port))
    command = [str(binary), "run", "--config", str(file)]
    stage.start("pgweir", command, {}, stage.scratch / "pgweir.log").wait_for_port(port)
    return Court(cluster, None, passage.Passage, port)


def _knowledge(chosen, stage, cluster):
    """The options with which pgweir knows the database, as a running one would."""
    if chosen.no_catalog:
        return ()
    file = stage.write(stage.scratch / "pooler.toml", CONFIGURATION.format(
        primary=cluster.primary_port, replica=cluster.replica_port))
    return "--config", file, "--database", "regression"


def _ask_again(chosen):
    cases = _kept(chosen.again)
    classifier = Classifier(_binary(chosen))
    for one in cases:
        answer = classifier.ask(one.sql)
        one.access, one.reason, one.detail = answer["access"], answer["reason"], answer["detail"]
    return cases


def _kept(path):
    """The cases that --json wrote."""
    try:
        return [Case(**json.loads(line)) for line in path.read_text().splitlines()]
    except (OSError, ValueError, TypeError) as error:
        raise Trouble(f"{path} is not what --json writes: {error}") from error


def _binary(chosen):
    if chosen.binary:
        return chosen.binary.resolve()
    step("building pgweir")
    done = subprocess.run(["cargo", "build", "--release", "--locked", "--message-format=json"],
                          cwd=options.ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Trouble("pgweir does not build")
    messages = (json.loads(line) for line in done.stdout.splitlines())
    return next(m["executable"] for m in messages if m.get("executable"))
