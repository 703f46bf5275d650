"""What has to be true of the files that git tracks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_LINE = 400  # minified code puts thousands of characters on a line

# Each is written so that this file does not contain it.
HOSTS = ["npmjs" + ".org", "npmjs" + ".com", "yarnpkg" + ".com", "pypi" + ".org", "pythonhosted" + ".org"]
HOSTS += ["esm" + ".sh", "jsdelivr" + ".net", "unpkg" + ".com"]
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])/(?:" + "|".join(("ro" + "ot", "wo" + "rk", "ho" + "me", "Us" + "ers")) + r")/\w"
)


def tracked_files() -> list[Path]:
    """Return what git tracks, or would track with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def tracked_texts() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in tracked_files():
        raw = path.read_bytes()
        if b"\0" not in raw:
            texts[str(path.relative_to(ROOT))] = raw.decode("utf-8")
    return texts


def test_no_file_names_a_path_of_some_machine():
    found = {name: match[0] for name, text in tracked_texts().items() if (match := MACHINE_PATH.search(text))}
    assert found == {}


@pytest.mark.parametrize("host", HOSTS)
def test_no_file_names_a_package_host(host: str):
    assert [name for name, text in tracked_texts().items() if host in text] == []


def test_the_npm_lock_holds_no_addresses():
    lock = json.loads((ROOT / "dataapp/frontend/package-lock.json").read_text("utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_the_npm_lock_has_a_checksum_for_every_package():
    lock = json.loads((ROOT / "dataapp/frontend/package-lock.json").read_text("utf-8"))
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def test_npm_packages_are_pinned_exactly():
    manifest = json.loads((ROOT / "dataapp/frontend/package.json").read_text("utf-8"))
    versions = manifest["dependencies"] | manifest["devDependencies"]
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_constraints_are_exact_versions_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+|#.*", line)] == []


def test_every_requirement_is_constrained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {_normalised(re.split(r"[\[<>=~! ]", requirement)[0]) for requirement in required}
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert names - {_normalised(line.split("==")[0]) for line in lines} - {"panel-dataapp"} == set()


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_tracked_scripts_and_styles_are_not_minified():
    texts = {name: text for name, text in tracked_texts().items() if name.endswith((".js", ".mjs", ".ts", ".css"))}
    assert [name for name, text in texts.items() if max(map(len, text.splitlines()), default=0) > LONGEST_LINE] == []


def test_bundles_are_not_tracked():
    assert [
        path.name for path in tracked_files() if path.name.endswith(".bundle.js") or "node_modules" in path.parts
    ] == []


@pytest.mark.parametrize("script", [".ci/run", "tools/find_python.sh"])
def test_scripts_are_executable(script: str):
    assert os.access(ROOT / script, os.X_OK)
