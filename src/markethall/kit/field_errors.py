"""What msgspec says of a payload, as what is wrong with a field."""

import re

from markethall.kit.errors import FieldError
from markethall.kit.field_codes import FieldCode, Values

# "Object contains unknown field `colour`", "Object missing required field `name`": that member is meant.
_MEMBER = re.compile(r"(unknown|required) field `([^`]*)`\Z")
# "Expected `str` of length <= 200", "Expected `int` >= 1".
_BOUND = re.compile(r"Expected `(\w+)` (of length )?(>=|<=|>|<) (-?\d+)\Z")
_BOUND_CODES: dict[tuple[str, str], tuple[FieldCode, FieldCode]] = {
    ("array", "of length "): ("too_few", "too_many"),
    ("object", "of length "): ("too_few", "too_many"),
    ("str", "of length "): ("too_short", "too_long"),
}
_FORMS = ("Invalid enum value", "Invalid UUID", "Invalid RFC3339", "Invalid date")


def field_error(message: str) -> FieldError:
    """msgspec's "Expected `int`, got `str` - at `$.lines[0].quantity`" as a field, a message and a code."""
    text, separator, path = message.rpartition(" - at `")
    if not separator:
        text, path = message, ""
    # Of a wrong key the path is "key` in `$.attributes`".
    path = path.rstrip("`").rpartition("`")[2].removeprefix("$").removeprefix(".")
    member = _MEMBER.search(text)
    if member is not None:
        path = f"{path}.{member[2]}" if path else member[2]
    return FieldError(path, text, *meaning(text))


def meaning(text: str) -> tuple[FieldCode, Values]:
    """Of a message of msgspec's without its path: what it says, and the bound that it names."""
    if member := _MEMBER.search(text):
        return ("unknown_field" if member[1] == "unknown" else "needed"), {}
    if bound := _BOUND.match(text):
        kind, measure, comparison, number = bound.groups()
        least, most = _BOUND_CODES.get((kind, measure or ""), ("too_small", "too_large"))
        if comparison.startswith(">"):
            return least, {"least": int(number)}
        return most, {"most": int(number)}
    if " matching regex " in text or text.startswith(_FORMS):
        return "wrong_form", {}
    if ", got `" in text:
        return "wrong_type", {}
    return "invalid", {}
