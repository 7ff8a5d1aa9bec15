"""The run as a whole."""
import json
import subprocess
import sys
from dataclasses import asdict

from bench import peers
from bench.say import Trouble, step
from bench.stage import Stage
from judge import options, report, source
from judge.case import Case
from judge.classifier import Classifier
from judge.cluster import Cluster
from judge.court import Court
from judge.suite import Suite


def main():
    """Runs, and returns the exit status."""
    chosen = options.parse()
    try:
        cases = _ask_again(chosen) if chosen.again else _judge(chosen)
    except Trouble as trouble:
        print(f"scripts/judge: {trouble}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("scripts/judge: interrupted", file=sys.stderr)
        return 130
    if chosen.json:
        chosen.json.write_text("".join(json.dumps(asdict(one)) + "\n" for one in cases))
    print(report.render(cases, chosen.all))
    return 0


def _judge(chosen):
    binary = _binary(chosen)
    with Stage(peers.Peers(chosen.peers), chosen.keep) as stage:
        step("starting PostgreSQL, a primary and a replica")
        cluster = Cluster(stage)
        major = cluster.version() // 10000
        suite = Suite(stage, chosen.regress or source.regress(major), chosen.only)
        court = Court(cluster, Classifier(binary, _knowledge(chosen, stage, cluster)))
        for name in suite.files:
            begun = len(court.cases)
            court.open(name, suite.source(name))
            suite.run(name, court.port)
            if court.trouble:
                raise Trouble(f"{name}: {court.trouble}")
            step(f"{name}: {len(court.cases) - begun} statements")
        return court.cases


def _knowledge(chosen, stage, cluster):
    """The options with which pgweir knows the database."""
    if not chosen.config:
        return ()
    text = chosen.config.read_text().replace("{primary}", str(cluster.primary_port))
    file = stage.write(stage.scratch / "pooler.toml", text.replace("{replica}", str(cluster.replica_port)))
    return "--config", file, "--database", chosen.database


def _ask_again(chosen):
    classifier = Classifier(_binary(chosen))
    cases = [Case(**json.loads(line)) for line in chosen.again.read_text().splitlines()]
    for one in cases:
        answer = classifier.ask(one.sql)
        one.access, one.reason, one.detail = answer["access"], answer["reason"], answer["detail"]
    return cases


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
