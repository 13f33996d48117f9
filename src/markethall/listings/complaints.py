"""What is wrong with a file, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markethall.kit.field_codes import FieldCode, Values

COMPLAINTS_KEPT = 100
"""All are counted, so many are listed."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a line. `line` counts from 1, the header's line. `code` and `values`: as of a `FieldError`."""

    line: int
    column: str
    reason: str
    code: FieldCode = "invalid"
    values: Values = field(default_factory=dict)

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.reason}" if self.column else f"line {self.line}: {self.reason}"


class BadFile(ValueError):
    """The file as a whole is refused. `complaints` are the first of `count`, by line."""

    def __init__(self, complaints: Sequence[Complaint], count: int) -> None:
        super().__init__("; ".join(map(str, complaints[:3])))
        self.complaints = tuple(complaints)
        self.count = count


@dataclass(slots=True)
class Complaints:
    count: int = 0
    kept: list[Complaint] = field(default_factory=list)

    def add(self, line: int, column: str, reason: str, code: FieldCode, /, **values: str | int) -> None:
        self.count += 1
        if len(self.kept) < COMPLAINTS_KEPT:
            self.kept.append(Complaint(line, column, reason, code, values))

    def raise_if_any(self) -> None:
        if self.count:
            raise BadFile(sorted(self.kept, key=lambda c: c.line), self.count)
