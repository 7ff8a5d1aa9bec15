"""The programs that make load: pgbench, and the crate in bench/load."""
import json
import os
import re
import select
import signal
import subprocess
import time

from bench.options import ROOT
from bench.program import Program
from bench.say import Trouble, step
from bench.stage import client_environment

CRATE = ROOT / "bench/load"
BINARY = CRATE / "target/release/pgweir-bench-load"

#: Beyond its own time, a load may need this to connect and to end.
GRACE_SECS = 25


def build(manifest, binary):
    """Builds a release binary, and returns its path."""
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(manifest)]
    step(f"cargo build --release in {manifest.parent.relative_to(ROOT.parent)}")
    if subprocess.run(command, check=False).returncode:
        raise Trouble(f"{manifest} does not build")
    return binary


def pgbench(stage, port, *, mode, clients, length, script, tls):
    """Transactions, and transactions a second, of one run of pgbench; `length` is -T or -t and a number."""
    program = stage.peers.require("pgbench")
    command, options = program.command(
        stage.account, "-n", "-h", "127.0.0.1", "-p", port, "-U", "bench", "-M", mode, "-c", clients,
        *length, *script, "bench")
    out = _finish(command, length[1], env=client_environment(tls), **options)
    count = re.search(r"actually processed: (\d+)", out)
    speed = re.search(r"tps = ([\d.]+)", out)
    if not count or not speed or int(count[1]) == 0:
        raise Trouble(f"pgbench said: {out[-200:]}")
    return int(count[1]), float(speed[1])


def once(subcommand, port, secs, *arguments, tls=False):
    """What the load program prints about one run."""
    command = [str(BINARY), subcommand, "--port", str(port), "--secs", str(secs), *map(str, arguments)]
    return json.loads(_finish(command + ["--tls"] * tls, secs))


def stub(stage, port):
    """Starts the server that answers at once."""
    command, options = Program(str(_copy(stage))).command(stage.account, "stub", "--port", port)
    process = stage.start("the stub server", command, options, stage.scratch / "stub.log")
    process.wait_for_port(port)


class Crowd:
    """Clients that stay connected, and run statements when they are told to."""

    def __init__(self, port, clients, protocol, statement):
        command = [str(BINARY), "crowd", "--port", str(port), "--clients", str(clients),
                   "--protocol", protocol, "--statement", statement]
        self._popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, start_new_session=True)
        try:
            self._read(GRACE_SECS)
        except Trouble:
            self.close()
            raise

    def run(self, secs, in_flight, rate):
        """Statements for some seconds; returns how many, and how long they took."""
        try:
            self._popen.stdin.write(f"{secs} {in_flight} {rate}\n".encode())
            self._popen.stdin.flush()
        except OSError as error:
            raise Trouble(f"the crowd is gone: {self._last_words()}") from error
        return json.loads(self._read(secs + GRACE_SECS))

    def close(self):
        """All clients leave."""
        self._popen.kill()
        self._popen.communicate()

    def _read(self, limit_secs):
        ready, _, _ = select.select([self._popen.stdout], [], [], limit_secs)
        line = self._popen.stdout.readline() if ready else b""
        if not line:
            raise Trouble(f"the crowd failed: {self._last_words()}" if ready else "the crowd hangs")
        return line

    def _last_words(self):
        return self._popen.stderr.read(2000).decode(errors="replace").strip()[-200:]


class Strace:
    """Counts the system calls of a process while it is attached."""

    def __init__(self, stage, pids):
        self._out = stage.scratch / "strace.out"
        self._out.unlink(missing_ok=True)
        attach = [part for pid in pids for part in ("-p", str(pid))]
        self._popen = subprocess.Popen(["strace", "-f", "-c", "-q", "-o", str(self._out), *attach],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
        time.sleep(0.3)  # strace announces nothing
        if self._popen.poll() is not None:
            raise Trouble("strace cannot attach here")

    def finish(self):
        """Detaches, and returns how many calls there were."""
        self._popen.send_signal(signal.SIGINT)
        try:
            self._popen.wait(GRACE_SECS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            raise Trouble("strace hangs") from None
        total = [line for line in self._out.read_text().splitlines() if line.rstrip().endswith(" total")]
        if not total:
            raise Trouble("strace counted nothing")
        return int(total[0].split()[3])


def _finish(command, secs, **options):
    """Runs a load to its end, whatever it does, and returns what it printed."""
    popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, start_new_session=True, cwd="/", **options)
    try:
        out, errors = popen.communicate(timeout=secs + GRACE_SECS)
    except subprocess.TimeoutExpired:
        raise Trouble("the load hangs") from None
    finally:
        if popen.poll() is None:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.communicate()
    if popen.returncode:
        lines = errors.strip().splitlines() or ["no message"]
        raise Trouble(f"the load failed: {lines[0][:200]}")
    return out


def _copy(stage):
    """The load program where the account may run it."""
    copy = stage.scratch / "load.bin"
    if not copy.exists():
        copy.write_bytes(BINARY.read_bytes())
        copy.chmod(0o755)
    return copy
