"""Builds the storefront while the package is built or installed, from a checkout too: a user needs no Node.js."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StorefrontBuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        spec = importlib.util.spec_from_file_location("make", Path(self.root) / "storefront" / "make.py")
        assert spec is not None
        assert spec.loader is not None
        make = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(make)
        try:
            make.build()
        except make.BuildFailed as error:
            sys.exit(f"markethall: {error}")
