"""The SQL type of what a Panel widget or Parameter holds."""

import datetime as dt

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


_MOMENTS = {dt.datetime: "TIMESTAMP", dt.date: "DATE", dt.time: "TIME"}


def parameter_type(parameter: param.Parameter, owner: object = None) -> str | None:
    """Return the SQL type of a Parameter's values, or None where they can be anything.

    Example:
        >>> import panel as pn
        >>> parameter_type(pn.widgets.FloatSlider().param.value), parameter_type(pn.widgets.Select().param.value)
        ('DOUBLE', None)
    """
    found = next((name for kind, name in _SQL_TYPES if isinstance(parameter, kind)), None)
    if isinstance(parameter, param.ClassSelector):  # pickers that also take text
        return next((name for kind, name in _MOMENTS.items() if kind in _classes(parameter)), None)
    if found == "DOUBLE[]" and "Int" in type(owner or parameter.owner).__name__:
        return "INTEGER[]"  # an IntRangeSlider's value is an ordinary Range
    return found


def text_to_moment(value: object, sql_type: str | None) -> object:
    """Return the date or time that a text in ISO form stands for, where the type asks for one; all else as it is.

    Example:
        >>> text_to_moment("09:30:00", "TIME"), text_to_moment("09:30", "VARCHAR")
        (datetime.time(9, 30), '09:30')
    """
    if not isinstance(value, str):
        return value
    match sql_type:
        case "TIME":
            return dt.time.fromisoformat(value)
        case "DATE":
            return dt.date.fromisoformat(value)
        case "TIMESTAMP":
            has_time = "T" in value or " " in value
            return dt.datetime.fromisoformat(value) if has_time else dt.date.fromisoformat(value)
        case _:
            return value


def _classes(parameter: param.ClassSelector) -> tuple[object, ...]:
    return parameter.class_ if isinstance(parameter.class_, tuple) else (parameter.class_,)


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
