"""What was measured, as it is kept in a JSON file."""
import json
import statistics


class Results:
    """Samples by cell, column and metric; and what they were measured with."""

    def __init__(self):
        self.machine, self.versions, self.commands = {}, {}, []
        self.columns, self.cells = [], {}

    @classmethod
    def load(cls, path):
        """What a file has; empty where there is none."""
        results = cls()
        if path and path.exists():
            vars(results).update(json.loads(path.read_text()))
        return results

    def save(self, path):
        """Writes a file."""
        path.write_text(json.dumps(vars(self), indent=1, ensure_ascii=False) + "\n")

    def describe(self, machine, versions, command, columns):
        """Adds what this run is made with."""
        self.machine = machine
        self.versions.update(versions)
        self.commands += [command] if command not in self.commands else []
        self.columns = columns + [name for name in self.columns if name not in columns]

    def put(self, cell, secs, samples, failures):
        """Replaces a cell; columns that were not measured now stay."""
        old = self.cells.get(cell.full_name, {"samples": {}, "failures": {}})
        kept = {name: value for name, value in old["samples"].items() if name not in failures}
        self.cells[cell.full_name] = {
            "section": cell.section, "label": cell.label, "secs": secs,
            "samples": {**kept, **{name: found for name, found in samples.items() if found}},
            "failures": {**{n: v for n, v in old["failures"].items() if n not in samples}, **failures},
        }

    def median(self, cell, column, metric):
        """The median over rounds, or None."""
        rounds = self.cells.get(cell, {}).get("samples", {}).get(column, [])
        values = [found[metric] for found in rounds if metric in found]
        return statistics.median(values) if values else None

    def metrics(self, cell):
        """The metrics that any column has in this cell, in their order."""
        seen = {}
        for rounds in self.cells[cell]["samples"].values():
            for found in rounds:
                seen.update(dict.fromkeys(found))
        return list(seen)
