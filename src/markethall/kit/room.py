"""How many may be connected to a replica."""

MOST_CONNECTIONS = 10_000


def most_of(files: int) -> int:
    """The most who can be served, where those who are told that there is no room take some of `files`, too."""
    return max(1, (files - 1) * 8 // 9)


class Room:
    """For `most` connections that are served, and an eighth as many that are told that there is no room for them."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._told_at_once = most // 8 + 1
        self._served = 0
        self._told = 0

    def enter(self) -> "Place | None":
        """None: there is not even room to say so."""
        if self._served < self._most:
            self._served += 1
            return Place(self, is_served=True)
        if self._told < self._told_at_once:
            self._told += 1
            return Place(self, is_served=False)
        return None

    def leave(self, place: "Place") -> None:
        if place.is_served:
            self._served -= 1
        else:
            self._told -= 1

    def move_up(self, place: "Place") -> None:
        """From those who are told to those who are served, if there is room by now."""
        if not place.is_served and self._served < self._most:
            self._told -= 1
            self._served += 1
            place.is_served = True


class Place:
    """Of one connection, from its beginning to its end."""

    __slots__ = ("_room", "is_served")

    def __init__(self, room: Room, *, is_served: bool) -> None:
        self._room = room
        self.is_served = is_served

    def leave(self) -> None:
        self._room.leave(self)

    def is_refused(self) -> bool:
        """To be asked for each request: there may be room by now."""
        self._room.move_up(self)
        return not self.is_served
