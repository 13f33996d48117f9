"""What the judges say: the rules that were broken, each with the shortest history that shows it, and figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from markethall.chaos.history import Call, Event, FaultRecord, Record, moment_of

MAX_SHOWN = 12
"""Records that are printed of one violation; the first and the last of more."""
MAX_TEXT = 160
AFTERMATH_SECONDS = 5.0
"""A fault may show so long after it was healed."""
MAX_FAULTS = 4
"""Named with one violation."""


class Violation(msgspec.Struct, frozen=True):
    """`rule` names the judge, `said` what is wrong, `records` is all that is needed to see it, in order of time."""

    rule: str
    said: str
    records: tuple[Record, ...] = ()

    def lines(self, began: float = 0.0) -> list[str]:
        """To be printed. Times are seconds since `began`."""
        shown = [described(record, began) for record in self.records]
        if len(shown) > MAX_SHOWN:
            half = MAX_SHOWN // 2
            shown = [*shown[:half], f"… {len(shown) - 2 * half} more …", *shown[-half:]]
        return [f"{self.rule}: {self.said}", *(f"    {line}" for line in shown)]


class Verdict(msgspec.Struct, frozen=True):
    """`figures` are reported, not judged: counts, seconds, shares, by name."""

    violations: tuple[Violation, ...]
    figures: Mapping[str, Any] = {}

    @property
    def is_clean(self) -> bool:
        return not self.violations

    def rules(self) -> set[str]:
        """The judges that found something."""
        return {violation.rule for violation in self.violations}

    def __str__(self) -> str:
        return "\n".join(line for violation in self.violations for line in violation.lines())


def violation(rule: str, said: str, records: Iterable[Record] = ()) -> Violation:
    """With its records in order of time, each once."""
    distinct = {id(record): record for record in records}
    return Violation(rule, said, tuple(sorted(distinct.values(), key=moment_of)))


def with_faults(violations: Sequence[Violation], faults: Sequence[FaultRecord]) -> list[Violation]:
    """Each with the faults that were on while it came about, or shortly before."""
    told = []
    for each in violations:
        if each.records:
            first, last = moment_of(each.records[0]), max(_end_of(record) for record in each.records)
            near = [f for f in faults if f.injected_at <= last and _end_of(f) >= first - AFTERMATH_SECONDS]
            each = violation(each.rule, each.said, [*each.records, *near[-MAX_FAULTS:]])
        told.append(each)
    return told


def described(record: Record, began: float = 0.0) -> str:
    """One line."""
    at = f"{moment_of(record) - began:9.3f} s"
    match record:
        case Call():
            request = record.request
            what = f"{request.method} {request.path}" + (f" key {request.key}" if request.key else "")
            body = f" {_text(request.body)}" if request.body is not None else ""
            tries = " ".join(str(attempt.status or attempt.reason or "?") for attempt in record.attempts)
            said = f"{record.outcome} [{tries}] after {record.seconds:.3f} s {_text(record.answer)}"
            return f"{at}  {record.client}: {what}{body} → {said}"
        case Event():
            return f"{at}  {record.client}: event of order {record.number} ({record.order_id}): {record.status}"
        case FaultRecord():
            until = f"{record.healed_at - record.injected_at:.3f} s" if record.healed_at is not None else "to the end"
            return f"{at}  FAULT {record.name} at {record.target}, {until}"


def _end_of(record: Record) -> float:
    match record:
        case Call():
            return record.ended
        case Event():
            return record.at
        case FaultRecord():
            return record.healed_at if record.healed_at is not None else float("inf")


def _text(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
