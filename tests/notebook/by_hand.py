"""A notebook without a front-end."""

from typing import Any

from dataapp.runtime.session import Session


class Notebook:
    """Runs notebook cells in a shell, and looks at cells in a session."""

    def __init__(self, shell: Any, session: Session) -> None:
        self.shell = shell
        self.session = session

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def run(self, source: str, cell_id: str | None = None) -> Any:
        """Run a notebook cell; returns what it displays."""
        ran = self.shell.run_cell(source, cell_id=cell_id)
        ran.raise_error()
        return ran.result
