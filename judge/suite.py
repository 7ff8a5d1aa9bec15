"""PostgreSQL's regression tests, run by psql as pg_regress does."""
import fnmatch
import os
import shutil
import subprocess

from bench.say import Trouble, step

#: The folders of src/test/regress that the tests read.
FOLDERS = ("sql", "data", "expected")

#: A file that takes longer hangs.
FILE_SECS = 600

#: What every other file stands on.
SETUP = "test_setup"


class Suite:
    """The files in the order of the schedule, in a place that the server can read, too."""

    def __init__(self, stage, regress, only):
        self._stage = stage
        self._folder = self._copy(regress)
        self.files = [name for name in _schedule(regress) if _is_chosen(name, only)]

    def source(self, name):
        """The text of a file."""
        return (self._folder / f"sql/{name}.sql").read_text(encoding="utf-8", errors="replace")

    def run(self, name, port):
        """One file, from the first statement to the last, whatever comes of them."""
        psql = self._stage.peers.require("psql")
        seen = psql.sees(self._folder)
        command, options = psql.command(
            self._stage.account, "-X", "-a", "-q", "-d", "regression", "-v", "HIDE_TABLEAM=on",
            "-v", "HIDE_TOAST_COMPRESSION=on")
        with open(self._folder / f"sql/{name}.sql", "rb") as statements, \
                open(self._stage.scratch / f"{name}.out", "wb") as out:
            try:
                subprocess.run(command, stdin=statements, stdout=out, stderr=out, timeout=FILE_SECS,
                               check=False, cwd="/", env=_environment(port, seen), **options)
            except subprocess.TimeoutExpired:
                step(f"{name} takes more than {FILE_SECS} s and is left")

    def _copy(self, regress):
        folder = self._stage.folder("regress")
        for part in FOLDERS:
            if not (regress / part).is_dir():
                raise Trouble(f"{regress} has no folder {part}: is it PostgreSQL's src/test/regress?")
            shutil.copytree(regress / part, folder / part)
        (folder / "results").mkdir()
        self._stage.account.own(folder / "results")
        return folder


def _environment(port, seen):
    """What pg_regress sets (pg_regress.c, initialize_environment)."""
    return {
        "PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": "/", "PGHOST": "127.0.0.1",
        "PGPORT": str(port), "PGUSER": "postgres", "PGAPPNAME": "pg_regress", "PGSSLMODE": "disable",
        "PGGSSENCMODE": "disable", "PGTZ": "America/Los_Angeles", "PGDATESTYLE": "Postgres, MDY",
        "PGOPTIONS": "-c intervalstyle=postgres_verbose", "PG_ABS_SRCDIR": seen, "PG_ABS_BUILDDIR": seen,
        "PG_LIBDIR": seen, "PG_DLSUFFIX": ".so",
    }


def _schedule(regress):
    """The names of parallel_schedule, one after the other."""
    lines = (regress / "parallel_schedule").read_text().splitlines()
    return [name for line in lines if line.startswith("test:") for name in line.split()[1:]]


def _is_chosen(name, patterns):
    return not patterns or name == SETUP or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
