"""What came of it, in numbers and lists."""
from collections import Counter, defaultdict

from judge import case

#: Reasons for which a text was not understood, whatever it means.
TEXT = {"unparsed", "too_deep", "too_long", "backslash"}

#: Reasons that knowledge of the database may take away.
CATALOG = {"unknown_function", "unknown_relation"}

#: How much of a list is printed unless --all says otherwise.
FEW, SAMPLE_LEN = 12, 150


def render(cases, everything=False):
    """The report as text."""
    lines = [*_outcomes(cases), "", *_shares(cases)]
    same = [c for c in cases if c.outcome == case.SAME]
    lines += ["", *_rest([c for c in same if not c.is_read], everything)]
    reads = [c for c in cases if c.is_read]
    for title, outcome in (
            ("reads that the replica refuses (these run again on the primary)", case.REFUSED),
            ("reads that the replica answers differently", case.DIFFERENT),
            ("reads that fail in another way on the replica", case.ONLY_PRIMARY)):
        lines += ["", *_list(title, [c for c in reads if c.outcome == outcome], everything)]
    return "\n".join(lines)


def _outcomes(cases):
    yield f"{len(cases)} statements of {len({c.file for c in cases})} files"
    yield f"  {'outcome':<14}{'all':>8}{'read':>8}"
    for outcome in (case.SAME, case.SAME_ERROR, case.REFUSED, case.DIFFERENT, case.ONLY_PRIMARY, case.UNSTEADY,
                    case.TEMPORARY, case.APART, case.NOT_ASKED):
        found = [c for c in cases if c.outcome == outcome]
        yield f"  {outcome:<14}{len(found):>8}{sum(c.is_read for c in found):>8}"


def _shares(cases):
    same = [c for c in cases if c.outcome == case.SAME]
    yield "of what a replica answers as the primary does, pgweir sends there:"
    yield f"  statements of the files      {_share(same, lambda c: c.written)}"
    yield f"  psql's own (\\d and so on)    {_share(same, lambda c: not c.written)}"
    yield f"  both                         {_share(same, lambda c: True)}"
    yield f"  both, if the text was read   {_share(same, lambda c: c.reason not in TEXT)}"
    yield f"  both, functions known        {_share(same, lambda c: c.reason not in CATALOG)}"


def _share(cases, condition):
    chosen = [c for c in cases if condition(c)]
    reads = sum(c.is_read for c in chosen)
    return f"{reads:>6} of {len(chosen):>6}  {100 * reads / max(len(chosen), 1):6.2f}%"


def _rest(cases, everything):
    yield f"the rest: {len(cases)}"
    by_reason = defaultdict(list)
    for one in cases:
        by_reason[one.reason].append(one)
    for reason, found in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        yield f"  {reason}: {len(found)}"
        subjects = Counter(c.subject for c in found if c.subject)
        if subjects:
            named = subjects.most_common(None if everything else 2 * FEW)
            yield f"    {', '.join(f'{name} {count}' for name, count in named)}"
        yield from _samples([c for c in found if not c.subject], everything)


def _list(title, cases, everything):
    yield f"{title}: {len(cases)}"
    by_note = defaultdict(list)
    for one in cases:
        by_note[one.note].append(one)
    for note, found in sorted(by_note.items(), key=lambda item: -len(item[1])):
        if note:
            yield f"  {note}: {len(found)}"
        yield from _samples(found, everything)


def _samples(cases, everything):
    for one in cases if everything else cases[:FEW]:
        yield f"    {one.file}: {' '.join(one.sql.split())[:SAMPLE_LEN]}"
    if not everything and len(cases) > FEW:
        yield f"    and {len(cases) - FEW} more"
