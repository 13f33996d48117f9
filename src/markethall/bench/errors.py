"""Why there are no figures.

CannotMeasure
├── GeneratorMissing  `wrk` is not on the PATH
└── NotSettled        what was under way did not come to its end in time
"""


class CannotMeasure(Exception):
    """One line, fit to be shown to whoever ran the command."""


class GeneratorMissing(CannotMeasure):
    pass


class NotSettled(CannotMeasure):
    pass
