"""Whatever somebody writes, nothing but the package's own errors comes of it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.absent import absent
from tests.workflows.fuzz.targets import TARGETS, Target

_ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 60
_GENERATED = 20_000
_named = pytest.mark.parametrize("name", TARGETS)


def _inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Words in any order, and seeds with a piece replaced by words."""
    words = st.lists(st.sampled_from(target.words) | st.text(max_size=3), max_size=25).map("".join)
    place = st.integers(0, 2000)
    changed = st.builds(_changed, st.sampled_from(target.seeds), words, place, st.integers(0, 30))
    return st.one_of(changed, changed, words).map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=40)


def _changed(text: str, piece: str, start: int, length: int) -> str:
    start %= len(text) + 1
    return text[:start] + piece[:40] + text[start + length :]


def _generated(target: Target, count: int, number: int) -> int:
    """Runs on so many inputs, none of which raises anything; how many there were."""
    tried = 0

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None)
    @given(_inputs(target))
    def run(data: bytes) -> None:
        nonlocal tried
        tried += 1
        target.run(data)

    run()
    return tried


def _raised(target: Target, text: str) -> Exception | None:
    try:
        target.run(text.encode())
    except Exception as error:
        return error
    return None


@_named
def test_seeds_pass(name: str) -> None:
    assert TARGETS[name].seeds
    assert [(text, error) for text in TARGETS[name].seeds if (error := _raised(TARGETS[name], text))] == []


@_named
def test_a_sample_of_generated_input(name: str) -> None:
    assert _generated(TARGETS[name], 150, 0) >= 150


@_named
@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_much_generated_input(name: str) -> None:
    assert _generated(TARGETS[name], _GENERATED, 1) >= _GENERATED


def _fuzz(name: str, folder: Path, *options: str) -> tuple[int, list[bytes], str]:
    """The exit status of atheris, the inputs that it found wrong, and the end of what it said."""
    if importlib.util.find_spec("atheris") is None:
        absent("atheris has no wheel for this platform")
    command = [sys.executable, "-m", "tests.workflows.fuzz", name, str(folder), *options]
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, errors="replace")
    found = [path.read_bytes() for path in folder.glob("*-*") if path.is_file()]
    return ended.returncode, found, ended.stderr[-4000:]


def test_a_few_runs_guided_by_coverage(tmp_path: Path) -> None:
    status, found, said = _fuzz("expression", tmp_path, "-runs=300", "-seed=1")
    assert (status, found) == (0, []), said


@_named
@pytest.mark.soak
@pytest.mark.timeout(600)
def test_runs_guided_by_coverage(name: str, tmp_path: Path) -> None:
    limits = (f"-max_total_time={_SECONDS}", "-timeout=20", "-rss_limit_mb=1024", "-max_len=4096")
    status, found, said = _fuzz(name, tmp_path, *limits, "-seed=1")
    assert (status, found) == (0, []), said
