"""Programs, wherever they are: on this machine or in a Debian tree beside it."""
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A program; with a `root`, it runs inside that Debian tree."""
    path: str
    root: Path | None = None

    def command(self, account, *arguments):
        """The command line that runs it as `account`, and options for subprocess."""
        if self.root is None:
            return [self.path, *map(str, arguments)], account.popen_options()
        inside = ["chroot", f"--userspec={account.uid}:{account.gid}", str(self.root), self.path]
        return [*inside, *map(str, arguments)], {}

    def sees(self, path):
        """How the program must call `path`, which is a full path on this machine."""
        return f"/{Path(path).relative_to(self.root)}" if self.root else str(path)

    def version(self, account, flag="--version"):
        """The first line of what it says about itself."""
        command, options = self.command(account, flag)
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, **options)
        lines = (done.stdout + done.stderr).strip().splitlines()
        return lines[0].strip() if lines else "unknown version"
