"""What happened to processes is remembered, bounded, over restarts."""

from pathlib import Path

from markethall.local.folder import DataFolder
from markethall.local.incidents import FILE, KEPT, Incidents, kind_of
from markethall.local.supervisor import GONE, Row


def kinds(*rows: Row) -> list[str]:
    """Of the changes from one to the next."""
    pairs = zip((None, *rows), rows, strict=False)
    return [kind for before, row in pairs if (kind := kind_of(before, row)) is not None]


def unit(state: str, detail: str = "", restarts: int = 0) -> Row:
    return Row("orders", "1", state, detail=detail, restarts=restarts)


def test_the_ways_of_a_unit() -> None:
    began = unit("waiting"), unit("starting"), unit("up")
    assert kinds(*began) == ["started"]
    killed = "ended by signal 9"
    assert kinds(*began, unit("down", killed), unit("starting", killed), unit("up", killed), unit("up", killed, 1)) == [
        "started",
        "died",
        "restarted",
    ]
    silent = "did not answer for 10 s, was ended"
    assert kinds(*began, unit("up", silent), unit("down", silent)) == ["started", "frozen", "died"]
    assert kinds(*began, unit("stopping"), unit("stopped"), unit(GONE)) == ["started", "stopped", "removed"]
    assert kinds(unit("starting"), unit("down", "no room")) == ["failed"]


def test_they_are_kept_over_restarts_newest_first_and_no_more_than_so_many(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    incidents = Incidents(folder)
    for number in range(3 * KEPT):
        incidents.note("died", "orders", str(number))
    assert len((tmp_path / FILE).read_bytes().splitlines()) <= 2 * KEPT
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"at": 1, "kind"')  # a shop that was killed
    again = Incidents(folder)
    assert [each.replica for each in again.latest(2)] == [str(3 * KEPT - 1), str(3 * KEPT - 2)]
    again.note("restarted", "orders", "x")
    assert [each.kind for each in Incidents(folder).latest(2)] == ["restarted", "died"]


def test_without_room_on_the_disk_they_are_still_told(tmp_path: Path) -> None:
    incidents = Incidents(DataFolder(tmp_path / "nowhere"))
    incidents.note("died", "orders", "1", "ended by signal 9")
    assert [each.detail for each in incidents.latest(5)] == ["ended by signal 9"]
