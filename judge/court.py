"""Sits between psql and the primary, and has each statement tried on the replica before it runs."""
import select
import socket
import struct
import threading

from judge import case, text
from judge.wire import Closed, Host, Wire, connect, parameters

#: SSLRequest, GSSENCRequest: refused with one letter. CancelRequest: passed on.
REFUSED_REQUESTS, CANCEL = (80877103, 80877104), 80877102

#: Everything in the temporary schemas.
TEMPORARY = """
WITH temporary AS (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_temp_')
SELECT relname FROM pg_class JOIN temporary ON relnamespace = temporary.oid
UNION SELECT typname FROM pg_type JOIN temporary ON typnamespace = temporary.oid
UNION SELECT proname FROM pg_proc JOIN temporary ON pronamespace = temporary.oid
"""

#: What speaks for or against a function, all overloads together.
FUNCTION = r"""
SELECT CASE WHEN count(*) = 0 THEN 'no function of that name'
            WHEN NOT bool_or(provolatile = 'v') THEN 'declared stable or immutable'
            WHEN bool_or(provolatile = 'v' AND prosrc ~* '\mexecute\M') THEN '{runs_text}'
            ELSE 'declared volatile' END
FROM pg_proc WHERE proname = '{name}'
"""

#: Encodings in which a byte that looks like a backslash is one; the tests use no others of their kind.
CLEAR_ENCODINGS = ("UTF8", "SQL_ASCII", "LATIN1")

#: What a statement may take on the replica. RESET goes back to it, too.
TIMEOUT = b"-c statement_timeout=2s"


class Court:
    """Listens for psql. Statements of all sessions end up in `cases`."""

    def __init__(self, cluster, classifier, session=None, front_port=None):
        self.cluster, self.classifier = cluster, classifier
        self.front_port = front_port or cluster.primary_port
        self._session = session or Session
        self.cases = []
        self.file, self.source = "", ""
        self.waited_secs = 0         # what this file has waited for pgweir
        self.defined = True          # the database is not what it was when the catalog was read
        self.trouble = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def open(self, file, source):
        """From now on statements belong to this file."""
        self.file, self.source, self.waited_secs = file, source, 0

    def refresh(self):
        """Has pgweir read the catalog anew if something was defined since it last did."""
        if self.classifier.reads_catalog and self.defined:
            self.defined = False
            self.classifier.reload()

    def case(self, sql, standard_strings):
        """A new case, with what pgweir says about it."""
        answer = self.classifier.ask(sql, standard_strings)
        front = sql.strip().partition("\n")[0].strip()
        new = case.Case(self.file, sql, answer["access"], answer["reason"], answer["detail"],
                        written=front in self.source)
        self.cases.append(new)
        return new

    def _accept(self):
        while True:
            sock, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            self._session(self, Wire(sock)).run()
        except Closed:
            pass
        except Exception as error:  # A thread's trouble is the run's.
            self.trouble = error
            raise
        finally:
            sock.close()


class Session:
    """One of psql's sessions."""

    def __init__(self, court, client):
        self._court, self._client = court, client
        self._primary = connect(court.front_port)
        self._replica = None
        self._parameters = {}
        self._trial = None           # the statement that the primary is running, if it is on trial
        self._status = "I"
        self._reported = {}          # what the primary has said of the session's parameters
        self._pending = []           # what set the session within a transaction that has not ended

    def run(self):
        """Until one side goes."""
        try:
            if self._open():
                while True:
                    self._turn()
        finally:
            self._primary.close()
            if self._replica:
                self._replica.close()

    def _open(self):
        while True:
            body = self._client.take_startup()
            code = struct.unpack_from("!I", body)[0]
            if code not in REFUSED_REQUESTS:
                break
            self._client.send(b"N")
        self._primary.send(struct.pack("!I", len(body) + 4) + body)
        self._parameters = parameters(body)
        self._court.defined = True   # temporary objects have gone with the session before
        return code != CANCEL

    def _turn(self):
        ready, _, _ = select.select([self._client, self._primary], [], [])
        if self._client in ready:
            self._client.fill()
            for letter, raw in self._client.messages():
                if letter == "Q":
                    self._begin(raw[5:-1])
                self._primary.send(raw)
        if self._primary in ready:
            self._primary.fill()
            messages = self._primary.messages()
            for letter, raw in messages:
                self._hear(letter, raw)
            self._client.send(b"".join(raw for _, raw in messages))

    def _begin(self, raw):
        sql = raw.decode("utf-8", "replace")
        if not sql.strip():
            return
        if self._status == "I" and text.first_word(sql) in text.JUDGED:
            self._court.refresh()
        self._trial = Trial(self._court.case(sql, self._has_standard_strings()), raw)
        if not (text.may_read(sql) or self._trial.case.is_read):
            return
        if self._status != "I":
            self._trial.case.outcome = case.APART
            return
        self._court.cluster.wait_for_replay()
        self._trial.replica = self._ask_replica(raw)

    def _has_standard_strings(self):
        """As pgweir knows it of a session: ParameterSet::has_standard_strings."""
        reported = self._reported
        return (reported.get("standard_conforming_strings") == "on"
                and reported.get("client_encoding") in CLEAR_ENCODINGS)

    def _hear(self, letter, raw):
        if letter == "S":
            name, value = raw[5:-1].decode("latin-1").split("\0")
            self._reported[name] = value
        if self._trial:
            self._trial.primary.append((letter, raw))
        if letter == "Z":
            self._status = chr(raw[5])
            if self._trial:
                self._end(self._trial)
                self._trial = None

    def _end(self, trial):
        sql = trial.case.sql
        if text.defines(sql, case.tags(trial.primary)):
            self._court.defined = True
        self._judge(trial)
        if text.sets_session(sql) and not case.failed(trial.primary):
            self._pending.append(trial.raw)
        if self._status == "I":
            if case.tags(trial.primary)[-1:] != ["ROLLBACK"]:
                for raw in self._pending:
                    self._ask_replica(raw)
            self._pending.clear()

    def _judge(self, trial):
        if trial.replica is not None:
            trial.case.outcome, trial.case.note = self._outcome(trial)

    def _outcome(self, trial):
        outcome, note = case.outcome(trial.case.sql, trial.primary, trial.replica,
                                     lambda: self._ask_replica(trial.raw))
        if outcome in (case.REFUSED, case.DIFFERENT, case.ONLY_PRIMARY):
            if text.names(trial.case.sql, self._catalog(TEMPORARY)):
                return case.TEMPORARY, note
        elif outcome == case.SAME and trial.case.reason in case.FUNCTION_REASONS:
            name = trial.case.subject.rpartition(".")[2].strip('"').replace("'", "''")
            return outcome, self._catalog(FUNCTION.format(name=name, runs_text=case.RUNS_TEXT))[0]
        return outcome, note

    def _catalog(self, sql):
        """Values from the catalog of the session's database, as the primary has it."""
        database = self._parameters.get(b"database", self._parameters[b"user"])
        host = Host(self._court.cluster.primary_port, {b"user": b"postgres", b"database": database})
        try:
            return host.values(sql)
        finally:
            host.close()

    def _ask_replica(self, raw):
        """The replica's answer, from a session that has set what psql's has; an error if it breaks."""
        for _ in range(2):
            try:
                if self._replica is None:
                    self._court.cluster.wait_for_replay()
                    options = self._parameters.get(b"options", b"") + b" " + TIMEOUT
                    self._replica = Host(self._court.cluster.replica_port,
                                         {**self._parameters, b"options": options})
                answer = self._replica.query(raw)
                if answer[-1][1][5:] != b"I":
                    self._replica.query(b"ROLLBACK")
                return answer
            except Closed:
                self._replica = None
        return [("E", b"E\0\0\0\0C08006\0Mthe replica closes the connection\0\0")]


class Trial:
    """A statement between the two hosts' answers."""

    def __init__(self, its_case, raw):
        self.case, self.raw = its_case, raw
        self.primary, self.replica = [], None
        self.is_asked = False
