"""Passwords between the parts."""

import stat

import msgspec
import pytest

from markethall.local.credentials import (
    BUS_OPERATOR,
    DATABASES,
    DEVICE,
    REPLICATOR,
    SERVICES,
    SUPERUSER,
    Admin,
    load_or_make,
)
from markethall.local.errors import FolderDamaged
from markethall.local.folder import DataFolder


@pytest.fixture(autouse=True)
def nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARKETHALL_ADMIN_EMAIL", raising=False)
    monkeypatch.delenv("MARKETHALL_ADMIN_PASSWORD", raising=False)


def test_they_are_made_once_and_kept(folder: DataFolder) -> None:
    made, is_new = load_or_make(folder)
    again, is_new_again = load_or_make(folder)
    assert (is_new, is_new_again) == (True, False)
    assert made == again


def test_only_the_owner_can_read_them(folder: DataFolder) -> None:
    load_or_make(folder)
    assert stat.S_IMODE(folder.credentials.stat().st_mode) == 0o600


def test_every_part_has_its_own(folder: DataFolder) -> None:
    made, _ = load_or_make(folder)
    assert set(made.database) == {SUPERUSER, REPLICATOR, *DATABASES}
    assert set(made.bus) == {BUS_OPERATOR, *SERVICES, DEVICE}
    passwords = [*made.database.values(), *made.bus.values(), made.admin.password]
    assert len(set(passwords)) == len(passwords)
    assert min(map(len, passwords)) >= 16


def test_a_folder_from_before_mqtt_gets_a_password_for_devices(folder: DataFolder) -> None:
    made, _ = load_or_make(folder)
    older = {user: password for user, password in made.bus.items() if user != DEVICE}
    folder.credentials.write_bytes(msgspec.json.encode(msgspec.structs.replace(made, bus=older)))
    completed, _ = load_or_make(folder)
    assert completed.bus == older | {DEVICE: completed.bus[DEVICE]}
    assert load_or_make(folder)[0] == completed


def test_an_admin_named_from_outside_replaces_the_one_on_file(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = load_or_make(folder)
    monkeypatch.setenv("MARKETHALL_ADMIN_EMAIL", "owner@example.org")
    monkeypatch.setenv("MARKETHALL_ADMIN_PASSWORD", "a password of mine")
    named, is_new = load_or_make(folder)
    assert named.admin == Admin("owner@example.org", "a password of mine")
    assert not is_new
    assert named.database == made.database
    monkeypatch.delenv("MARKETHALL_ADMIN_EMAIL")
    assert load_or_make(folder)[0] == named


def test_databases_whose_passwords_are_lost_are_not_given_new_ones(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    with pytest.raises(FolderDamaged, match=r"credentials\.json is missing"):
        load_or_make(folder)


def test_a_role_that_an_earlier_version_did_not_know_gets_a_password(folder: DataFolder) -> None:
    made, _ = load_or_make(folder)
    older = {role: password for role, password in made.database.items() if role != REPLICATOR}
    folder.credentials.write_bytes(msgspec.json.encode(msgspec.structs.replace(made, database=older)))
    loaded, _ = load_or_make(folder)
    assert {**older, REPLICATOR: loaded.database[REPLICATOR]} == loaded.database
    assert load_or_make(folder)[0] == loaded
