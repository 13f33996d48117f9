"""The floor of HTTP: the stack that the front stands on, with an answer that lies ready."""

from markethall.kit.asgi import Receive, Scope, Send, read_body

DOCUMENT = b'{"id":"00000000-0000-0000-0000-000000000000","status":"confirmed","text":"' + b"x" * 600 + b'"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(DOCUMENT)).encode())]
BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0


async def memory(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers POST 201, after it has read the body, and all else 200."""
    if scope["type"] != "http":
        return
    status = 200
    if scope["method"] == "POST":
        await read_body(scope, receive, BODY_BYTES, BODY_SECONDS)
        status = 201
    await send({"type": "http.response.start", "status": status, "headers": HEADERS})
    await send({"type": "http.response.body", "body": DOCUMENT})
