"""How many files and connections this process may have open."""

import resource
from contextlib import suppress

MOST = 1 << 20
"""Where the system sets no limit."""


def allow_as_many_as_possible() -> int:
    """Raise the limit to what the system allows without privileges: that so many may be open now.

    Shells give programs 1,024, which is for those who use `select`: nobody does here.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems say that they have no limit, and have one.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
        return soft
    return min(soft, MOST) if soft != resource.RLIM_INFINITY else MOST
