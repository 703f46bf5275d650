"""Expression cells: an Ibis expression that is built on other cells, read as the query that it means."""

from collections.abc import Mapping
from dataclasses import replace

from dataapp.cells.namespace import Namespace
from dataapp.cells.sql import SqlCell
from dataapp.errors import DataAppError


class ExpressionCell(SqlCell):
    """An expression as a SQL cell whose text another library wrote. Made for whoever names the expression.

    Attributes:
        expression: The object, which must live as long as the cell does.
        fault: Why it has no text, or None.
    """

    __slots__ = ("expression", "fault")

    expression: object
    fault: DataAppError | None

    def __init__(
        self,
        expression: object,
        query: str,
        namespace: Namespace,
        *,
        reads: Mapping[str, object],
        name: str,
        fault: DataAppError | None = None,
    ) -> None:
        super().__init__(query, replace(namespace, bindings=reads), on=None, materialize="auto", run="auto", name=name)
        self.expression = expression
        self.fault = fault
