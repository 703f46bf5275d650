"""The one error that making sample data raises."""


class SampleDataError(Exception):
    """Sample data could not be made.

    Args:
        message: What happened, to which thing, and what was found.
        hint: What to do about it.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message if hint is None else f"{message} Hint: {hint}")
