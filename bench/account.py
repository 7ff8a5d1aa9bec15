"""The user that PostgreSQL and the poolers run as: most of them refuse root."""
import os
import pwd
from dataclasses import dataclass

from bench.say import Trouble

#: Who to become as root, in this order; src/demo/account.rs has the same list.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user and its group; None means ourselves."""
    uid: int | None = None
    gid: int | None = None

    def popen_options(self):
        """What makes subprocess run a program as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path):
        """Makes `path` this user's."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)


def choose():
    """Ourselves, or as root the first candidate that exists."""
    if os.geteuid() != 0:
        return Account()
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Trouble(f"as root, one of the users {', '.join(CANDIDATES)} is needed")
