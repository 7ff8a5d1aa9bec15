"""What the user sees while it runs: a line for each step."""
import sys
import time

_BEGUN = time.monotonic()


def step(text):
    """One line, with the seconds since the beginning."""
    print(f"{time.monotonic() - _BEGUN:6.0f} s  {text}", file=sys.stderr, flush=True)


class Trouble(Exception):
    """Something that the user should read, without a traceback."""


#: sysexits.h: a service that is needed is not to be had; and what shells say of a program that SIGINT ended.
UNAVAILABLE, INTERRUPTED = 69, 130


def exit_status(script, run):
    """What `run` returns; if it cannot go on or is interrupted, one line under the script's name, and the status for it."""
    try:
        return run()
    except Trouble as trouble:
        print(f"{script}: {trouble}", file=sys.stderr)
        return UNAVAILABLE
    except KeyboardInterrupt:
        print(f"{script}: interrupted", file=sys.stderr)
        return INTERRUPTED
