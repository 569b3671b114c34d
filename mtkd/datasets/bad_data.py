"""The exception of all data readers."""


class BadData(ValueError):
    """A file of a data set is missing, unreadable or has invalid content; the message says which and what to do."""
