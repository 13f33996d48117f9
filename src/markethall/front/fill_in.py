"""Filling `available` into answers that are passed through: carts, and products after a write."""

from typing import Any

import msgspec

from markethall.front.availability import Availability
from markethall.front.routes import Segments
from markethall.kit.balancing import Answer


async def filled_in(answer: Answer, segments: Segments, availability: Availability) -> bytes:
    """The body of the answer, with numbers where it lists lines or variants."""
    if answer.status not in (200, 201) or segments[1] not in _LISTED or not answer.body:
        return answer.body
    try:
        document: Any = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError:
        return answer.body
    entries = document.get(_LISTED[segments[1]]) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return answer.body
    # A number that is there already stays: a cart's line that is no longer sold says 0.
    places = [
        entry
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("sku"), str) and entry.get("available") is None
    ]
    availability.refresh()
    await availability.learn([place["sku"] for place in places])
    for place in places:
        place["available"] = availability.of(place["sku"])
    return msgspec.json.encode(document)


_LISTED = {"carts": "lines", "products": "variants"}
