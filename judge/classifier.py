"""`pgweir route`, kept open: one line in, one line out."""
import json
import subprocess

from bench.say import Trouble


class Classifier:
    """What pgweir says about statements."""

    def __init__(self, binary, arguments=()):
        self._command = [str(binary), "route", *map(str, arguments), "--json", "-"]
        self._process = None

    def ask(self, sql):
        """The answer for one text, as a dict: access, reason, detail."""
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._process.stdin.write(json.dumps({"sql": sql}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise Trouble(f"{' '.join(self._command)} ended with status {self._process.wait()}")
        return json.loads(line)

    def forget(self):
        """Ends the process; the next question starts a new one, which reads the catalog anew."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None
