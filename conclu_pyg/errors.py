"""Errors that a user can mend: the command line prints their one sentence, without a traceback."""


class ConcluError(Exception):
    """Base of the errors that say which file or key is wrong, what was found, what was expected and what to do."""


class RegistryError(ConcluError):
    """A name that is not registered, a name registered twice, or arguments that a class does not take."""


class ConfigError(ConcluError):
    """A config file or a command-line override that cannot be used."""


class DataError(ConcluError):
    """A data set, cloud or mesh that cannot be used."""


class CheckpointError(ConcluError):
    """A checkpoint or run folder that cannot be used."""


def one_line(error: Exception) -> str:
    """The text of somebody else's error, to stand within a sentence: on one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
