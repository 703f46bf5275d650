"""The SQL type of what a Panel widget or Parameter holds."""

import param

# The first that fits, so special Parameters come before the general ones that they extend.
_SQL_TYPES: tuple[tuple[type[param.Parameter], str], ...] = (
    (param.Boolean, "BOOLEAN"),
    (param.CalendarDateRange, "DATE[]"),
    (param.DateRange, "TIMESTAMP[]"),
    (param.CalendarDate, "DATE"),
    (param.Date, "TIMESTAMP"),
    (param.Range, "DOUBLE[]"),
    (param.Integer, "INTEGER"),
    (param.Number, "DOUBLE"),
    (param.String, "VARCHAR"),
)


def parameter_type(parameter: param.Parameter, owner: object = None) -> str | None:
    """Return the SQL type of a Parameter's values, or None where they can be anything.

    Example:
        >>> import panel as pn
        >>> parameter_type(pn.widgets.FloatSlider().param.value), parameter_type(pn.widgets.Select().param.value)
        ('DOUBLE', None)
    """
    found = next((name for kind, name in _SQL_TYPES if isinstance(parameter, kind)), None)
    if found == "DOUBLE[]" and "Int" in type(owner or parameter.owner).__name__:
        return "INTEGER[]"  # an IntRangeSlider's value is an ordinary Range
    return found


def options_type(options: list[object]) -> str | None:
    """Return the SQL type of values chosen from options, or None where they differ.

    Example:
        >>> options_type(["a", "b"]), options_type([1, 2.5]), options_type([1, "a"])
        ('VARCHAR', 'DOUBLE', None)
    """
    kinds = {type(option) for option in options if option is not None}
    if kinds == {str}:
        return "VARCHAR"
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float}:
        return "DOUBLE"
    return None
