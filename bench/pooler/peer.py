"""What the peers from packages have in common."""


class Peer:
    """A pooler that may not be to be had on this machine."""
    name = program_name = ""
    version_flag = "--version"

    def __init__(self, stage):
        self.stage = stage
        self.program = stage.peers.find(self.program_name)

    def version(self):
        """What the program says, or why there is none."""
        if not self.program:
            return f"not to be had here: {self.stage.peers.reason or 'the package is missing'}"
        return self.program.version(self.stage.account, self.version_flag)

    def refuses(self, cell):
        """Why it is not measured in this cell, or None."""
        if not self.program:
            return "not to be had here"
        return self.limits(cell)

    def limits(self, _cell):
        """The same, for one that is there."""
        return None

    def launch(self, folder, *arguments):
        """Starts the program with these arguments."""
        command, options = self.program.command(self.stage.account, *arguments)
        return self.stage.start(self.name, command, options, folder / "output.log")
