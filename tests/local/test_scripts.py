"""The scripts of the checkout, from anywhere and with any path."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy that needs no preparing: its environment is stamped, and its `markethall` tells what it was given."""
    checkout = tmp_path / "my  check out"
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / "storefront").mkdir()
    shutil.copy(ROOT / "storefront" / "make.py", checkout / "storefront" / "make.py")
    build_storefront(checkout)
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "markethall").write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    (programs / "markethall").chmod(0o755)
    stamp(checkout, "shop")
    return checkout


def stamp(checkout: Path, made: str) -> None:
    environment = module(checkout)
    environment.STAMP.write_text(f"{environment._fingerprint()} {made}\n")


def build_storefront(checkout: Path) -> None:
    """As far as `scripts/environment` looks at it: what is built says what it was built from."""
    make = module(checkout, "storefront/make.py")
    make.TARGET.mkdir(parents=True, exist_ok=True)
    make.STAMP.write_text(make.fingerprint())


def module(checkout: Path, script: str = "scripts/environment.py") -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(script).stem, checkout / script)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_up_passes_its_arguments_on_from_wherever_it_is_called(checkout: Path, tmp_path: Path) -> None:
    script = checkout.relative_to(tmp_path) / "scripts" / "up"
    done = subprocess.run([f"./{script}", "--data", "a b", ""], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up|--data|a b||", "")


def test_up_is_found_through_a_link(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout)
    done = subprocess.run([tmp_path / "link" / "scripts" / "up"], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "up|")


def test_without_a_python_that_is_new_enough_it_says_so(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "dirname").symlink_to(str(shutil.which("dirname")))
    (programs / "python3").write_text("#!/bin/sh\nexit 1\n")
    (programs / "python3").chmod(0o755)
    done = subprocess.run([checkout / "scripts" / "up"], env={"PATH": str(programs)}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "markethall: Python 3.11 or newer is needed, and no python3 on the PATH is that new\n"


def test_an_environment_is_made_anew_when_what_it_was_made_from_has_changed(checkout: Path, tmp_path: Path) -> None:
    environment = module(checkout)
    assert environment._is_ready("shop")
    assert not environment._is_ready("development")
    stamp(checkout, "development")
    assert environment._is_ready("shop")
    assert environment._is_ready("development")
    with (checkout / "uv.lock").open("a") as lock:
        lock.write("\n")
    assert not environment._is_ready("shop")


def test_the_storefront_is_built_anew_when_its_sources_have_changed(checkout: Path) -> None:
    assert module(checkout)._is_ready("shop")
    page = checkout / "storefront" / "page.tsx"
    page.write_text("new")
    assert not module(checkout)._is_ready("shop")
    build_storefront(checkout)
    assert module(checkout)._is_ready("shop")
    page.rename(page.with_name("site.tsx"))
    assert not module(checkout)._is_ready("shop")


def test_libraries_and_what_is_half_built_are_no_sources_of_the_storefront(checkout: Path) -> None:
    before = module(checkout, "storefront/make.py").fingerprint()
    for folder in ("node_modules/react", ".build/assets", ".old"):
        (checkout / "storefront" / folder).mkdir(parents=True)
        (checkout / "storefront" / folder / "file.js").write_text("made")
    assert module(checkout, "storefront/make.py").fingerprint() == before


def test_an_environment_that_was_moved_is_made_anew(checkout: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    os.rename(checkout, moved)
    assert not module(moved)._is_ready("shop")


def test_what_the_machine_lacks_is_named_where_it_cannot_be_installed(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "id").symlink_to(str(shutil.which("id")))
    for present in ("faketime", "chromium", "wrk"):
        (programs / present).symlink_to(str(shutil.which("true")))
    done = subprocess.run(
        [checkout / "scripts" / "machine"], env={"PATH": str(programs)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("not installed: mosquitto-clients\n")


@pytest.mark.parametrize("script", ["up", "test", "check", "format", "environment", "machine"])
def test_every_script_is_short_and_runnable(script: str) -> None:
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    assert len(path.read_text().splitlines()) <= 20
