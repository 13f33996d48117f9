"""The header `Prefer` (RFC 7240): how long a buyer waits for an outcome. Pure."""

DEFAULT_SECONDS = 5.0
MAX_SECONDS = 30.0


def patience(header: str | None, default_seconds: float = DEFAULT_SECONDS) -> tuple[float, str | None]:
    """Seconds to wait for the outcome, and the value of `Preference-Applied`.

    `wait=N` beats `respond-async`; what is not understood is passed over, as the RFC says.
    """
    seconds: float | None = None
    respond_async = False
    for preference in (header or "").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        match name.strip().lower():
            case "respond-async":
                respond_async = True
            case "wait" if seconds is None:
                seconds = _seconds(value.strip().strip('"'))
    if seconds is not None:
        return seconds, f"wait={seconds:.0f}"
    if respond_async:
        return 0.0, "respond-async"
    return default_seconds, None


def _seconds(text: str) -> float | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text[:9]), MAX_SECONDS)
