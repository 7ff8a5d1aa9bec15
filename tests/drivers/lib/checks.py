"""What the Python driver programs share: checks that print a line each, and the wait that makes another connection's writes visible."""

import os
import sys
import time
import traceback
from contextlib import contextmanager
from urllib.parse import urlsplit

URL = os.environ["DATABASE_URL"]
PARTS = urlsplit(URL)
DATABASE = PARTS.path.lstrip("/")

# Open at the same time, whatever the pool behind the URL holds.
CONNECTIONS = 40
LARGE = 5 * 1024 * 1024

# Longer than pgweir's max_replica_lag (500 ms): a read on another connection sees the write after it.
SETTLE_S = 0.7


@contextmanager
def check(name):
    """One check: its line says ok or FAIL, and the first failure ends the program."""
    started = time.monotonic()
    try:
        yield
    except BaseException as error:
        traceback.print_exc(file=sys.stdout)
        print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
        os._exit(1)
    print(f"ok   {name} ({(time.monotonic() - started) * 1000:.0f} ms)", flush=True)


def expect(actual, wanted):
    """Fails with both values, shortened, when they differ."""
    if actual != wanted:
        raise AssertionError(f"got {shortened(actual)}, wanted {shortened(wanted)}")


@contextmanager
def raises(kind, sqlstate=None):
    """Fails unless the block raises `kind`, with this SQLSTATE when one is named."""
    try:
        yield
    except kind as error:
        if sqlstate is not None:
            expect(sqlstate_of(error), sqlstate)
        return
    raise AssertionError(f"no {kind.__name__} was raised")


def sqlstate_of(error):
    """The SQLSTATE, wherever this driver keeps it."""
    for holder in (error, getattr(error, "orig", None), error.__cause__):
        state = getattr(holder, "sqlstate", None) or getattr(holder, "pgcode", None)
        if state:
            return state
    if error.args and isinstance(error.args[0], dict):  # pg8000
        return error.args[0].get("C")
    return None


def settle():
    time.sleep(SETTLE_S)


def with_option(option):
    """The same URL with a startup option, such as `-c search_path=one`."""
    from urllib.parse import quote

    return URL + ("&" if "?" in URL else "?") + "options=" + quote(option)


def in_threads(count, work):
    """Runs `work(number)` in `count` threads at once; the first error, if any, is raised here."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=count) as threads:
        return list(threads.map(work, range(count)))


def shortened(value):
    text = repr(value)
    return text if len(text) < 300 else text[:300] + "..."
