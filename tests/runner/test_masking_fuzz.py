"""Whatever the secrets and however they are written: none is in the log, and nothing else is missing.

The oracle looks at each line as a whole, byte by byte, with forms of its own making.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.commands import StepCommands
from runner.masking import Secrets, StreamMasker
from runner.output import StepOutput
from runner.spool import JobLog, RawSpool
from workflows import log_lines

# What hypothesis tells of a case that fails is long here; its warning of that would stand in place of the case.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

ADD = b"::add-mask::"
XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


def parts_of(value: str) -> set[str]:
    return {part.strip() for part in (value, *re.split("[\r\n]", value)) if part.strip()}


def forms_of(value: str) -> set[bytes]:
    """Every form of a value that has to be hidden, by the words of the reference."""
    found: set[str] = set()
    for part in parts_of(value):
        raw = part.encode()
        found |= {part, part.replace('"', '\\"'), part.replace("'", "''"), quote(part, safe="-._~")}
        found |= {json.dumps(part, ensure_ascii=False)[1:-1], "".join(XML.get(char, char) for char in part)}
        found |= {base64.b64encode(raw[skip:]).decode() for skip in range(3) if raw[skip:]}
        if len(part) > 8 and part.startswith('"') and part.endswith('"'):
            found.add(part[1:-1])
        if "&+" in part:
            before, _, after = part.partition("&+")
            found |= {half for half in (f"{before}&+", after[1:]) if len(half) >= 6}
        elif "&" in part:
            before, _, after = part.rpartition("&")
            found |= {half for half in (f"{before}&", after) if len(half) >= 6}
    return {form.encode() for form in found if form and "\n" not in form}


def masked(line: bytes, forms: set[bytes]) -> bytes:
    hidden = bytearray(len(line))
    for form in forms:
        at = line.find(form)
        while at >= 0:
            hidden[at : at + len(form)] = b"\1" * len(form)
            at = line.find(form, at + 1)
    shown, at = [], 0
    for hit in re.finditer(b"\1+", hidden):
        shown += [line[at : hit.start()], b"***"]
        at = hit.end()
    return b"".join([*shown, line[at:]])


def expected(stream: bytes, secrets: list[str]) -> bytes:
    forms = set().union(*map(forms_of, secrets))
    shown = []
    lines = stream.split(b"\n")
    for line in lines[:-1] if lines[-1] == b"" else lines:
        if line.startswith(ADD):
            value = line[len(ADD) :].removesuffix(b"\r").decode()
            forms |= forms_of(value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"))
        else:
            shown.append(masked(line, forms) + b"\n")
    return b"".join(shown)


def logged(folder: Path, pieces: list[bytes], secrets: list[str]) -> bytes:
    """What the log holds, as a download shows it, without stamps."""
    moments = itertools.count(0, 1_000_000_000)  # so far apart that no two writes are read together
    log = JobLog(folder / "log", Secrets(secrets))
    commands = StepCommands(log.secrets.add, {})
    output = StepOutput(log, commands, raw=RawSpool(folder, 1 << 20, clock=lambda: next(moments)))
    for piece in pieces:
        output.write(piece)
    output.finish()
    raw = log_lines.joined(log.read(0, log.size))
    log.close()
    (folder / "log").unlink()
    return b"".join(line[log_lines.PREFIX_LENGTH :] + b"\n" for line in raw.split(b"\n")[:-1])


values = st.one_of(
    st.text("ab", min_size=1, max_size=6),
    st.text("a", min_size=2, max_size=5),
    st.text("aé☃𝄞 \t", min_size=1, max_size=6),
    st.text("ab\"'\\<>&+*.[](){}|^$?%/=", min_size=1, max_size=16),
    st.text("abcdefgh&+\"'", min_size=8, max_size=24),
    st.text("ab\r\n ", min_size=1, max_size=12),
).filter(str.strip)


def fillings(secrets: list[str]) -> st.SearchStrategy[bytes]:
    """Text with forms of these secrets, halves of forms, and what stands between."""
    forms = sorted(set().union(*map(forms_of, secrets)))
    halves = sorted({half for form in forms for half in (form[: len(form) // 2 + 1], form[len(form) // 2 :])})
    between = [b"\n", b"\r", b"\r\n", b"\0", b" ", b"a", b"b", b"*", b"***", b"\xff", "é".encode(), b"::", b"##"]
    long = [b"x" * (log_lines.LINE_LIMIT - 3), b"ab" * (log_lines.LINE_LIMIT // 2), b"y" * 300_000]
    choice = st.one_of(
        st.sampled_from(forms), st.sampled_from(forms), st.sampled_from(halves), st.sampled_from(between)
    )
    return st.lists(st.one_of(*[choice] * 12, st.sampled_from(long)), max_size=24).map(b"".join)


def command(value: str) -> bytes:
    escaped = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return b"\n" + ADD + escaped.encode() + b"\n"


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[str], list[bytes]]:
    """Secrets of the job, and the pieces in which a step writes; some secrets become known on the way."""
    known, later = draw(st.lists(values, max_size=4)), draw(st.lists(values, max_size=2))
    texts = fillings(known + later) if known + later else st.binary(max_size=40)
    stream = draw(texts)
    for value in later:
        stream += command(value) + draw(texts)
    near = range(max(0, len(stream) - 200), len(stream) + 1)
    cuts = draw(st.lists(st.one_of(st.integers(0, len(stream)), st.sampled_from(near)), max_size=12).map(sorted))
    return known, [stream[start:end] for start, end in itertools.pairwise([0, *cuts, len(stream)])]


def hold(scene: tuple[list[str], list[bytes]]) -> None:
    known, pieces = scene
    with tempfile.TemporaryDirectory() as folder:
        assert logged(Path(folder), pieces, known) == expected(b"".join(pieces), known)


_quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=100, deadline=None, suppress_health_check=_quiet)
@given(scenes())
def test_no_secret_is_logged_and_nothing_else_is_lost(scene: tuple[list[str], list[bytes]]) -> None:
    hold(scene)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=2_000, deadline=None, suppress_health_check=_quiet)
@given(scenes())
def test_the_same_for_long(scene: tuple[list[str], list[bytes]]) -> None:
    hold(scene)


@settings(max_examples=100, deadline=None)
@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_a_text_as_a_whole_and_in_pieces(secrets: list[str], data: st.DataObject) -> None:
    text = data.draw(fillings(secrets)).replace(b"\n", b"|")
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    forms = set().union(*map(forms_of, secrets))
    hidden, masker = Secrets(secrets), StreamMasker(Secrets(secrets))
    given_out = [masker.feed(text[start:end]) for start, end in itertools.pairwise([0, *cuts, len(text)])]
    assert b"".join([*given_out, masker.close()]) == hidden.mask(text) == masked(text, forms)
    assert hidden.holds_secret(text.decode(errors="surrogateescape")) == any(form in text for form in forms)
