"""Why a local shop cannot start. Each message is one line, fit to be shown to whoever ran the command.

LocalError
├── FolderInUse      another `markethall up` holds the data folder
├── FolderUnwritable
├── FolderNewer      written by a later version of Markethall
├── FolderDamaged    something that must be there is missing or unreadable
├── OutOfReach       no backup or archive holds that moment (restore.py)
├── BackupFailed     a copy of the databases is not what it should be (verification.py)
├── NotAShop         there is no shop in that folder
├── NotRunning       the shop in that folder is not up
├── PortTaken        somebody listens on the public port
└── StartFailed      a part did not become ready; names its log
"""


class LocalError(Exception):
    """Something about this machine or this folder is in the way."""


class FolderInUse(LocalError):
    pass


class FolderUnwritable(LocalError):
    pass


class FolderNewer(LocalError):
    pass


class FolderDamaged(LocalError):
    pass


class NotAShop(LocalError):
    pass


class NotRunning(LocalError):
    pass


class PortTaken(LocalError):
    pass


class StartFailed(LocalError):
    pass
