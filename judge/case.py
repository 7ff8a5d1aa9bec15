"""One statement, what pgweir said about it, and how it came out on both hosts."""
from dataclasses import dataclass

from judge import text
from judge.wire import error_fields

#: How a statement may come out. The first two are what a read is for.
SAME = "same"                    # both hosts answer the same
SAME_ERROR = "same error"        # both refuse it for the same reason
REFUSED = "refused"              # the primary answers, the replica refuses
DIFFERENT = "different"          # both answer, differently
ONLY_PRIMARY = "only primary"    # the primary refuses it and the replica does not, or for another reason
UNSTEADY = "unsteady"            # no host gives the same answer twice: times, random numbers, plans with times
TEMPORARY = "temporary"          # not the same, and it names what only psql's own session has
APART = "apart"                  # it was sent in a transaction block, where it depends on what came before
NOT_ASKED = "not asked"          # no read by its first word or by what pgweir says

#: The reason that a catalog can take away, and what its author says of a function that it cannot.
UNKNOWN_FUNCTION, VOLATILE = "unknown_function", "declared volatile"


@dataclass
class Case:
    """A statement that psql sent."""
    file: str
    sql: str
    access: str
    reason: str
    detail: str
    written: bool                # it is in the file, not made by psql (\\d and the like)
    outcome: str = NOT_ASKED
    note: str = ""               # what a host said, where that matters

    @property
    def is_read(self):
        """Whether pgweir would send it to a replica."""
        return self.access == "read"

    @property
    def subject(self):
        """The function or relation that decided, if one did."""
        return self.detail.rpartition(": ")[2] if ": " in self.detail else ""


def outcome(sql, primary, replica, again):
    """How it came out: the answers of both, and a way to ask the replica once more."""
    failed, refused = _error(primary), _error(replica)
    if failed and refused:
        return (SAME_ERROR, "") if failed == refused else (ONLY_PRIMARY, f"{failed} / {refused}")
    if failed:
        return ONLY_PRIMARY, f"{' '.join(failed)} / no error"
    if refused:
        return REFUSED, " ".join(refused)
    ordered = text.is_ordered(sql)
    if _content(primary, ordered) == _content(replica, ordered):
        return SAME, ""
    if ordered and _content(primary, False) == _content(replica, False):
        return SAME, "rows that sort alike in another order"
    if _content(replica, False) != _content(again(), False):
        return UNSTEADY, ""
    return DIFFERENT, ""


def failed(answer):
    """Whether there is an error in it."""
    return _error(answer) is not None


def tag(answer):
    """The last command's tag, such as COMMIT."""
    tags = [raw[5:-1].decode() for letter, raw in answer if letter == "C"]
    return tags[-1] if tags else ""


def _error(answer):
    errors = [error_fields(raw) for letter, raw in answer if letter == "E"]
    return errors[0] if errors else None


def _content(answer, ordered):
    """Columns, rows, lines of COPY and tags."""
    rows = [raw for letter, raw in answer if letter in "Dd"]
    others = [raw for letter, raw in answer if letter in "TCI"]
    return others, rows if ordered else sorted(rows)
