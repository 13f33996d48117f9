"""Where an answer of HTTP/1.1 ends, as cheap as Python can have it."""


def size_of_answer(data: bytes, end: int) -> int:
    """The size of the answer whose header block ends at `end`, or 0 while some of it is missing."""
    if data[9:12] in (b"204", b"304"):
        return end + 4
    head = data[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        stop = head.find(b"\r\n", at + 2)
        size = end + 4 + int(head[at + 17 : stop if stop >= 0 else end])
        return size if len(data) >= size else 0
    if b"\r\ntransfer-encoding: chunked" in head:
        return len(data) if data.endswith(b"0\r\n\r\n") else 0
    return end + 4
