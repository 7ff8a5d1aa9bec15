"""Where PostgreSQL and the peers come from: a Debian tree of the newest suite, or this machine."""
import os
import shutil
import subprocess
from pathlib import Path

from bench.program import Program
from bench.say import Trouble, step

MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("postgresql", "pgbouncer", "odyssey", "pgagroal")

#: Limits for a download that hangs.
TREE_SECS, PACKAGES_SECS = 900, 900


def default_folder():
    """The tree's place unless --peers says another."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "pgweir-bench/sid"


class Peers:
    """Finds programs: in the tree first, then on this machine."""

    def __init__(self, folder):
        self.folder = (folder or default_folder()).resolve()
        self.reason = self._prepare()
        self.tree = None if self.reason else self.folder

    def find(self, name):
        """A Program, or None where it is not to be had."""
        if self.tree:
            for place in (*_postgres_folders(self.tree), "usr/sbin", "usr/bin"):
                if os.access(self.tree / place / name, os.X_OK):
                    return Program(f"/{place}/{name}", self.tree)
        for place in (*_own_postgres_folders(), *os.environ.get("PATH", "").split(":"), "/usr/sbin"):
            if os.access(Path(place) / name, os.X_OK):
                return Program(str(Path(place) / name))
        return None

    def require(self, name):
        """A Program that nothing works without."""
        found = self.find(name)
        if not found:
            raise Trouble(f"{name} is not to be had here: install PostgreSQL's server and client programs, "
                          f"or run as root where debootstrap is ({self.reason})")
        return found

    def _prepare(self):
        """Makes the tree if need be; the reason if there is none."""
        if os.geteuid() != 0:
            return "a Debian tree needs root"
        if not self._has("usr/sbin/pgbouncer"):
            if not shutil.which("debootstrap"):
                return "debootstrap is not installed"
            try:
                self._make()
            except (OSError, subprocess.SubprocessError) as error:
                return f"the Debian tree could not be made: {error}"
        self._mount_proc()
        return None

    def _make(self):
        if not self._has("usr/bin/apt-get"):
            step(f"debootstrap of Debian sid into {self.folder}")
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            _run(TREE_SECS, "debootstrap", "--variant=minbase", "sid", self.folder, MIRROR)
        self._mount_proc()
        step(f"installing {', '.join(PACKAGES)} there")
        _run(PACKAGES_SECS, "chroot", self.folder, "apt-get", "update", "-qq")
        for package in PACKAGES:
            try:
                _run(PACKAGES_SECS, "chroot", self.folder, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get",
                     "install", "-y", "-qq", "--no-install-recommends", package)
            except subprocess.SubprocessError:
                step(f"{package} could not be installed")

    def _mount_proc(self):
        if not (self.folder / "proc/self").exists():
            _run(10, "mount", "-t", "proc", "proc", self.folder / "proc")

    def _has(self, path):
        return os.access(self.folder / path, os.X_OK)


class OnThisMachine(Peers):
    """Finds programs on this machine only."""

    def _prepare(self):
        return "this benchmark takes what is installed"


def _postgres_folders(root):
    found = sorted(root.glob("usr/lib/postgresql/*/bin"), key=lambda path: int(path.parent.name))
    return [str(path.relative_to(root)) for path in reversed(found)]


def _own_postgres_folders():
    own = os.environ.get("PGWEIR_PG_BIN")
    return [own] if own else [f"/{path}" for path in _postgres_folders(Path("/"))]


def _run(limit_secs, *command):
    subprocess.run([str(part) for part in command], check=True, timeout=limit_secs,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
