"""PostgreSQL's regression tests, from Debian's source package."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.say import Trouble, step

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

SUITE = "deb-src [signed-by={keyring}] http://deb.debian.org/debian sid main\n"

#: Lists, and nothing else, in folders of our own: the machine's own apt stays as it is.
SETTINGS = """
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "root";
"""

#: A limit for downloads that hang.
DOWNLOAD_SECS = 600


def regress(major):
    """The folder src/test/regress of this major version, fetched when it is asked for first."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / f"pgweir-judge/postgresql-{major}"
    tests = folder / "src/test/regress"
    if not tests.is_dir():
        step(f"fetching the source package postgresql-{major}")
        _fetch(major, folder)
    return tests


def _fetch(major, folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        here = Path(name)
        environment = _apt(here)
        _run(["apt-get", "update", "-qq"], here, environment)
        _run(["apt-get", "source", "-qq", "--download-only", f"postgresql-{major}"], here, environment)
        archives = list(here.glob("*.orig.tar.*"))
        if len(archives) != 1:
            raise Trouble(f"the source package postgresql-{major} has no upstream archive")
        _run(["tar", "-xf", archives[0], "--strip-components=1", "--wildcards", "*/src/test/regress/*"],
             here, environment)
        shutil.move(str(here / "src"), str(_made(folder) / "src"))


def _apt(folder):
    """The environment in which apt works in `folder` only."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(SUITE.format(keyring=KEYRING))
    (folder / "apt.conf").write_text(SETTINGS.format(folder=folder))
    return {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}


def _made(folder):
    folder.mkdir(exist_ok=True)
    return folder


def _run(command, folder, environment):
    try:
        done = subprocess.run(command, cwd=folder, env=environment, timeout=DOWNLOAD_SECS, check=False,
                              capture_output=True, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(f"{command[0]}: {error}; --regress names a copy of src/test/regress") from error
    if done.returncode:
        raise Trouble(f"{command[0]} failed: {done.stderr.strip()[-300:]}; "
                      "--regress names a copy of src/test/regress")
