"""Records the contracts as they are, at a release: `python -m tests.contracts.record 0.2`.

Writes `release_0_2/`: the definitions, and a message of each kind as it went over the wire. From then on
`test_contracts_only_grow.py` holds every later version to it. Nothing that was recorded is ever changed.
"""

import base64
import json
import sys
from pathlib import Path

import msgspec

import markethall.contracts
from markethall.contracts import internal, messages, public
from tests.contracts.examples import example, kinds

MODULES = (messages, internal, public)


def record(release: str) -> None:
    folder = Path(__file__).parent / f"release_{release.replace('.', '_')}"
    folder.mkdir()
    (folder / "__init__.py").write_text(f'"""The contracts of release {release}, as recorded then."""\n')
    package = f"tests.contracts.{folder.name}"
    for module in MODULES:
        assert module.__file__ is not None
        text = Path(module.__file__).read_text().replace(markethall.contracts.__name__, package)
        (folder / Path(module.__file__).name).write_text(text)
    recorded = {
        name: base64.b64encode(msgspec.msgpack.encode(example(kind))).decode()
        for module in MODULES
        for name, kind in kinds(module).items()
    }
    (folder / "recorded.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
