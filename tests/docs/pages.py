"""Pages of the documentation as blocks that can be run, and the folder that they run in."""

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from click.testing import CliRunner

from dataapp.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)?(?: +title=\"(?P<title>[^\"]+)\")?(?P<rest>[^\n]*)\n"
    r"(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
OUTPUT = "Output"
PYTEST_SETTINGS = ("pyproject.toml", "conftest.py")
"""What pytest finds in the checkout, where the pages let their tests run."""
AS_INSTALLED = ("-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:playwright", "-p", "no:hypothesispytest")
"""Options that leave out what `pip install pytest` does not bring."""
SERVED = {"panel serve late.py", "panel serve sales/app.py --dev --show"}
"""Commands that run until they are stopped; test_walk.py does in a browser what the pages say of them."""
NOT_RUN = {
    "pip install . pytest",
    "pip install jupyterlab",
    "jupyter lab",
    "15 18 * * 1-5 dataapp run desk.py --set minutes=5 --out bars=/data/bars.parquet --quiet",
}
"""Commands that install, Jupyter, of which tests/notebook has tests, and a line for cron."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    title: str
    rest: str
    text: str

    @property
    def place(self) -> str:
        return f"docs/{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        lines = self.text.replace("\\\n", " ").splitlines()
        return [command for line in lines if (command := line.partition(" #")[0].strip()) and command[0] != "#"]


def read_blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(
            page.name,
            text.count("\n", 0, found.start()) + 1,
            found["language"] or "",
            found["title"] or "",
            found["rest"].strip(),
            found["text"],
        )
        for found in FENCE.finditer(text)
    ]


def is_explore(command: str) -> bool:
    """Whether a command serves the workbench: its arguments are read, and tests/workbench hold it to what it does."""
    return command.startswith("dataapp explore")


def is_run(command: str) -> bool:
    return command.startswith(("dataapp ", "python -m dataapp", "python -m pytest")) and not is_explore(command)


@dataclass
class Reader:
    """Somebody who follows a page in a folder beside the sample data, step by step."""

    folder: Path
    module: ModuleType = field(init=False)
    printed: str = ""

    def __post_init__(self) -> None:
        (self.folder / "sample_data").symlink_to(ROOT / "sample_data")
        for settings in PYTEST_SETTINGS:
            (self.folder / settings).symlink_to(ROOT / settings)
        prompt = self.folder / "prompt.py"
        prompt.touch()
        self.module = ModuleType("prompt")
        self.module.__file__ = str(prompt)

    def follow(self, block: Block) -> None:
        match block.language:
            case "python" if block.title:
                (self.folder / block.title).write_text(block.text, "utf-8")
            case "python":
                self.printed = self._execute(block)
            case "sh":
                self.printed = "".join(self._run(command, block) for command in block.commands if is_run(command))
            case "text" if block.title == OUTPUT:
                self._compare(block)
            case _:
                pass

    def _execute(self, block: Block) -> str:
        code = compile("\n" * block.line + block.text, self.module.__file__ or "", "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, self.module.__dict__)  # noqa: S102  # the page's own example
        return printed.getvalue()

    def _run(self, command: str, block: Block) -> str:
        words = self._words(command)
        if words[:3] == ["python", "-m", "pytest"]:
            run = subprocess.run(
                [sys.executable, *words[1:], *AS_INSTALLED],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert run.returncode == 0, f"{block.place}: {command}\n{run.stdout}{run.stderr}"
            return run.stdout
        arguments = words[3:] if words[0] == "python" else words[1:]
        with contextlib.chdir(self.folder):
            result = CliRunner().invoke(main, arguments)
        assert result.exit_code in (0, 1), f"{block.place}: {command}\n{result.output}\n{result.exception}"
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.output

    def _words(self, command: str) -> list[str]:
        """Return a command as a shell would split it, without what it hands on to another one."""
        words = shlex.split(re.split(r" (?:\||>>?) ", command)[0])
        return [found for word in words for found in self._expanded(word)]

    def _expanded(self, word: str) -> list[str]:
        return sorted(str(path) for path in self.folder.glob(word)) if "*" in word else [word]

    def _compare(self, block: Block) -> None:
        checker = doctest.OutputChecker()
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert checker.check_output(block.text, self.printed, flags), (
            f"{block.place}\nexpected:\n{block.text}\nfound:\n{self.printed}"
        )
