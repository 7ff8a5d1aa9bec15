"""`pgweir route`, kept open: one line in, one line out."""
import json
import subprocess

from bench.say import Trouble


class Classifier:
    """What pgweir says about statements."""

    def __init__(self, binary, arguments=()):
        self.reads_catalog = bool(arguments)
        self._command = [str(binary), "route", *map(str, arguments), "--json", "-"]
        self._process = None

    def ask(self, sql, standard_strings=False):
        """The answer for one text, as a dict: access, reason, detail."""
        question = {"sql": sql, "standard_conforming_strings": standard_strings}
        return self._exchange(question)

    def reload(self):
        """Has the catalog read anew, as a running pgweir does when something was defined."""
        answer = self._exchange({"reload": True})
        if "error" in answer:
            raise Trouble(answer["error"])

    def _exchange(self, question):
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise Trouble(f"{' '.join(self._command)} ended with status {self._process.wait()}")
        return json.loads(line)
