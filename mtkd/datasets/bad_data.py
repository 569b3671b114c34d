"""The error of every reader of data."""


class BadData(ValueError):
    """A file of a data set is missing, unreadable or holds what it must not; the message says which and what to do."""
