"""Puts a known bug back into every process of a shop: Python imports this module at its start, if its folder is on
PYTHONPATH. `KNOWN_BUG` names a module of the folder `bugs`; what that patches is patched as soon as it is imported.
"""

import importlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class _Patched(Loader):
    """Loads a module as ever, then hands it to the bug."""

    def __init__(self, loader: Loader, bug: ModuleType) -> None:
        self._loader = loader
        self._bug = bug

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._bug.PUT_BACK[module.__name__](module)


class _Switch(MetaPathFinder):
    def __init__(self, bug: ModuleType) -> None:
        self._bug = bug

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._bug.PUT_BACK:
            return None
        spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        if spec is not None and spec.loader is not None:
            spec.loader = _Patched(spec.loader, self._bug)
        return spec


if _name := os.environ.get("KNOWN_BUG"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bugs"))
    sys.meta_path.insert(0, _Switch(importlib.import_module(_name)))
    sys.path.pop(0)
