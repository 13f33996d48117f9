"""Which keys a device may use: those that can be one level of a topic. Pure."""

import re

from markethall.contracts.order_request import MAX_KEY_CHARACTERS
from markethall.kit.errors import Invalid

# Printable ASCII without the blank, as a header may carry it; without what divides or matches topics
# (`/`, `+`, `#`) and subjects (`.`, `*`, `>`).
_KEY = re.compile(rf"(?:(?![/+#.*>])[!-~]){{1,{MAX_KEY_CHARACTERS}}}\Z")


class InvalidKey(Invalid):
    """A key that cannot be part of a topic: there is no place to tell its device anything."""

    code = "invalid_key"
    title = "The key cannot be a level of a topic"


def fits(key: str) -> bool:
    return _KEY.match(key) is not None
