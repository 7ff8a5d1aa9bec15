"""Tables, in Markdown, which reads well enough on a terminal too."""
import unicodedata

from bench import goals
from bench.cell import METRICS
from bench.pooler import REFERENCE
from bench.say import Trouble
from bench.sections import TITLES

BEGIN = "<!-- results: written by scripts/bench -->"
END = "<!-- end of results -->"


def markdown(results):
    """Everything that was measured."""
    parts = [_setting(results), "### All numbers\n\n" + INTRODUCTION, _numbers(results), _failures(results),
             "### Goals\n\nRatios; to PgBouncer unless the goal says otherwise.", _goals(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


INTRODUCTION = ("Medians over rounds; in brackets the ratio to PgBouncer in the same cell. "
                "For times, CPU, memory and calls less is better, for what ends in /s more is.")


def write(path, results):
    """Puts the tables into a file: between the two marks where it has them, else as the whole file."""
    text = markdown(results)
    if path.exists() and BEGIN in (old := path.read_text()):
        before, _, rest = old.partition(BEGIN)
        if END not in rest:
            raise Trouble(f"{path} has {BEGIN} but not {END}")
        text = f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}"
    path.write_text(text)


def _setting(results):
    machine = results.machine
    lines = [f"* Machine: {machine.get('cores')} cores of {machine.get('processor')}, "
             f"{machine.get('memory')} of memory, {machine.get('kernel')}"]
    lines += [f"* {name}: {version}" for name, version in results.versions.items()]
    lines += [f"* Command: `{command}`" for command in results.commands]
    return "\n".join(lines)


def _numbers(results):
    columns = [name for name in results.columns if _has_any(results, name)]
    rows = []
    for section, title in TITLES.items():
        cells = [name for name, cell in results.cells.items() if cell["section"] == section]
        if cells:
            rows.append([f"**{title}**", "", *[""] * len(columns)])
        for cell in cells:
            rows += _cell(results, cell, columns)
    return _table(["", "", *columns], rows)


def _has_any(results, column):
    return any(column in cell["samples"] for cell in results.cells.values())


def _cell(results, cell, columns):
    label = results.cells[cell]["label"]
    for metric in results.metrics(cell):
        values = [_value(results, cell, column, metric) for column in columns]
        yield [label, METRICS[metric].title, *values]
        label = ""


def _value(results, cell, column, metric):
    value = results.median(cell, column, metric)
    if value is None:
        return "–" if column in results.cells[cell]["failures"] else ""
    text = format(value, METRICS[metric].form)
    base = results.median(cell, REFERENCE, metric)
    if column == REFERENCE or not base or METRICS[metric].more_is_better is None:
        return text
    return f"{text} ({value / base:.2f})"


def _failures(results):
    reasons = {}
    for name, cell in results.cells.items():
        for column, reason in cell["failures"].items():
            reasons.setdefault((column, reason), []).append(name)
    lines = [f"* {column}, in {', '.join(cells)}: {reason}" for (column, reason), cells in reasons.items()
             if not reason.startswith("not to be had")]
    return "Not measured, and why:\n\n" + "\n".join(lines) if lines else ""


def _goals(results):
    rows = [[verdict.goal, verdict.column, verdict.measured, "met" if verdict.met else "**not met**"]
            for verdict in goals.judge(results)]
    return _table(["goal", "", "measured", ""], rows) if rows else ""


def _table(head, rows):
    widths = [max(_width(row[i]) for row in [head, *rows]) for i in range(len(head))]
    left = 2  # columns of words; numbers follow

    def line(row):
        cells = [_pad(text, width, i < left) for i, (text, width) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * max(3, w) if i < left else "-" * (max(3, w) - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line(head), "| " + " | ".join(rule) + " |", *map(line, rows)])


def _pad(text, width, to_the_left):
    space = " " * (max(3, width) - _width(text))
    return text + space if to_the_left else space + text


def _width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
