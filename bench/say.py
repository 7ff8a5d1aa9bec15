"""What the user sees while it runs: a line for each step."""
import sys
import time

_BEGUN = time.monotonic()


def step(text):
    """One line, with the seconds since the beginning."""
    print(f"{time.monotonic() - _BEGUN:6.0f} s  {text}", file=sys.stderr, flush=True)


class Trouble(Exception):
    """Something that the user should read, without a traceback."""
