"""JSON bodies are taken at their word: `"1"` is no number."""

from typing import Any

import msgspec
from litestar import Request


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a body straight into the handler's `data` type, without the framework's leniency.

    Litestar converts `"1"` to 1 and 1.0 to 1 in bodies as it does in queries. Raises
    `msgspec.ValidationError`, which names the place of what is wrong.
    """

    async def json(self) -> Any:
        parameter = self.route_handler.parsed_fn_signature.parameters.get("data")
        if parameter is None:
            return await super().json()
        return msgspec.json.decode(await self.body(), type=parameter.annotation)
