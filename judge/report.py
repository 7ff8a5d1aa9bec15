"""What came of it, in numbers and lists."""
from collections import Counter, defaultdict

from judge import case

#: How much of a list is printed unless --all says otherwise.
FEW, SAMPLE_LEN = 12, 150


def render(cases, everything=False):
    """The report as text."""
    lines = [*_outcomes(cases), *_temporary(cases), "", *_shares(cases)]
    same = [c for c in cases if c.outcome == case.SAME and c.is_query]
    lines += ["", *_rest([c for c in same if not c.is_read], everything)]
    reads = [c for c in cases if c.is_read]
    for title, outcome in (
            ("reads that the replica refuses (these run again on the primary)", case.REFUSED),
            ("reads that the replica answers differently", case.DIFFERENT),
            ("reads that fail in another way on the replica", case.ONLY_PRIMARY)):
        lines += ["", *_list(title, [c for c in reads if c.outcome == outcome], everything)]
    return "\n".join(lines)


def through(cases, everything=False):
    """The report of a run through pgweir."""
    queries = [c for c in cases if c.access != "unknown"]
    served = [c for c in queries if c.is_read]
    lines = [f"{len(cases)} statements of {len({c.file for c in cases})} files, {len(queries)} of them queries",
             f"outside of a transaction block; a replica has served {len(served)}"]
    counts = Counter(c.outcome for c in served)
    lines += [f"  {outcome:<14}{count:>8}" for outcome, count in counts.most_common()]
    rest = Counter(c.reason for c in queries if not c.is_read)
    lines += ["", "the primary has served the rest, by reason"]
    lines += [f"  {reason:<20}{count:>8}" for reason, count in rest.most_common()]
    for outcome in (case.REFUSED, case.DIFFERENT, case.ONLY_PRIMARY):
        found = [c for c in served if c.outcome == outcome]
        lines += ["", *_list(f"answers of the replica that are not the primary's: {outcome}", found, everything)]
    return "\n".join(lines)


def _outcomes(cases):
    yield f"{len(cases)} statements of {len({c.file for c in cases})} files"
    yield f"  {'outcome':<14}{'all':>8}{'read':>8}"
    for outcome in (case.SAME, case.SAME_ERROR, case.REFUSED, case.DIFFERENT, case.ONLY_PRIMARY, case.UNSTEADY,
                    case.TEMPORARY, case.APART, case.NOT_ASKED):
        found = [c for c in cases if c.outcome == outcome]
        yield f"  {outcome:<14}{len(found):>8}{sum(c.is_read for c in found):>8}"


def _temporary(cases):
    reads = [c for c in cases if c.outcome == case.TEMPORARY and c.is_read]
    refused = sum(bool(c.note) for c in reads)
    yield (f"  of the temporary ones that are reads, the replica refuses {refused}, and answers "
           f"{len(reads) - refused} from something else of that name")


def _shares(cases):
    same = [c for c in cases if c.outcome == case.SAME and c.is_query]
    yield "of the queries that a replica answers as the primary does, pgweir sends there:"
    yield f"  those of the files                              {_share([c for c in same if c.written])}"
    yield f"  psql's own (\\d and so on)                       {_share([c for c in same if not c.written])}"
    yield f"  both                                            {_share(same)}"
    free = [c for c in same if not c.is_the_primarys]
    yield f"  both, without what is the primary's by rule     {_share(free)}"


def _share(cases):
    reads = sum(c.is_read for c in cases)
    return f"{reads:>6} of {len(cases):>6}  {100 * reads / max(len(cases), 1):6.2f}%"


def _rest(cases, everything):
    yield f"the rest: {len(cases)}"
    by_reason = defaultdict(list)
    for one in cases:
        by_reason[one.reason].append(one)
    for reason, found in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        yield f"  {reason}: {len(found)}"
        notes = Counter(c.note for c in found if c.note)
        yield from (f"    {note}: {count}" for note, count in notes.most_common())
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
