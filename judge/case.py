"""One statement, what pgweir said about it, and how it came out on both hosts."""
from dataclasses import dataclass

from judge import text
from judge.wire import error_fields

#: How a statement may come out. The first two are what a read is for.
SAME = "same"                    # both hosts answer the same
SAME_ERROR = "same error"        # both refuse it for the same reason
REFUSED = "refused"              # the primary answers, the replica refuses
DIFFERENT = "different"          # both answer, differently
ONLY_PRIMARY = "only primary"    # the primary refuses it, the replica does not, or for another reason
UNSTEADY = "unsteady"            # no host gives the same answer twice: times, random numbers, plans with times
TEMPORARY = "temporary"          # not the same, and it names what only psql's own session has
APART = "apart"                  # it was sent in a transaction block, where it depends on what came before
NOT_ASKED = "not asked"          # no read by its first word or by what pgweir says

#: Reasons about a function of a user's, and what is noted of one whose text shows nothing: it runs a text
#: that is made when it is called.
FUNCTION_REASONS, RUNS_TEXT = ("unknown_function", "volatile_function"), "EXECUTE in its body"

#: Reasons by which a statement belongs to the primary, whatever a replica would have answered this time.
BY_RULE = {"primary_function", "primary_relation", "temporary", "sequence", "unlogged", "transaction"}


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
    def is_query(self):
        """Whether it is a SELECT, VALUES, TABLE or WITH. EXPLAIN and COPY are only tried if pgweir calls
        them reads, so that counting them would flatter it."""
        return text.may_read(self.sql)

    @property
    def is_the_primarys(self):
        """Whether a rule says that the primary runs it: the replica's answer was the same by chance."""
        return not self.is_read and (self.reason in BY_RULE or self.note == RUNS_TEXT)

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


def tags(answer):
    """The commands' tags, such as COMMIT or INSERT 0 1."""
    return [raw[5:-1].decode() for letter, raw in answer if letter == "C"]


def _error(answer):
    errors = [error_fields(raw) for letter, raw in answer if letter == "E"]
    return errors[0] if errors else None


def _content(answer, ordered):
    """Columns, rows, lines of COPY and tags."""
    rows = [raw for letter, raw in answer if letter in "Dd"]
    others = [raw for letter, raw in answer if letter in "TCI"]
    return others, rows if ordered else sorted(rows)
