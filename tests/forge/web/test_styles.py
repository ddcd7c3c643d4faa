"""Style sheets as one file."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from forge.web import palette, security, styles

#: Colours of states, each of which stands as text on the page, on what lies upon it and on its own tint.
STATES = ("ok", "bad", "run", "wait", "time", "mute")
TEXTS = ("fg", "fg-2", "accent")


def test_sheets_come_as_one_file_in_order(anyone: Client, db: None) -> None:
    answer = anyone.get(styles.BUNDLE.address("ui.css", "ansi.css"))
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer["Cache-Control"]
    texts = [(security.STATIC / name).read_text() for name in ("ui.css", "ansi.css")]
    rules = re.sub(r"/\*.*?\*/", "", "".join(texts), flags=re.DOTALL)
    served = answer.content.decode()
    assert _words(served) == _words(rules)
    assert "1px solid var(" in served
    assert re.findall(r"\s[{};]|[{};]\s|;}", served) == []  # what only readers of the files need is not sent


def _words(rules: str) -> list[str]:
    return re.sub(r";?\s*([{};])", r" \1 ", rules).split()


def test_nothing_else_is_served_there(anyone: Client, db: None) -> None:
    for names in ("page.js", "ui.css+page.js", "..%2F..%2Fsettings.py", "nope.css", "ui.css+"):
        assert anyone.get(f"/-/styles/{names}").status_code == 404, names


def _tokens(rule: str, scheme: int) -> dict[str, str]:
    """The colours that a rule of the sheet sets, in the light (0) or the dark (1) scheme."""
    [body] = re.findall(rf"^{re.escape(rule)} {{\n(.*?)^}}", (security.STATIC / "ui.css").read_text(), re.M | re.S)
    found = re.findall(r"--([\w-]+): (light-dark\((#\w+), (#\w+)\)|var\(--([\w-]+)\));", body)
    return {name: (light, dark)[scheme] or f"--{other}" for name, _, light, dark, other in found}


def _rgb(tokens: dict[str, str], name: str) -> palette.Rgb:
    value = tokens[name]
    if value.startswith("--"):
        return _rgb(tokens, value[2:])
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colours", ["usual", "safe"])
def test_texts_can_be_read(colours: str, scheme: int) -> None:
    tokens = _tokens(":root", scheme)
    assert len(tokens) > 20
    if colours == "safe":
        safe = _tokens("[data-colours=safe]", scheme)
        assert safe["ok"] == "--accent"
        assert safe["run"] == "--mute"
        tokens |= safe
    pairs = [(text, ground) for text in (*STATES, *TEXTS) for ground in ("bg", "bg-sub", "bg-log")]
    pairs += [(text, f"{state}-bg") for state in STATES for text in (state, *TEXTS)]
    low = {pair: palette.contrast(*(_rgb(tokens, name) for name in pair)) for pair in pairs}
    assert {pair: round(value, 2) for pair, value in low.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_safe_colours_differ_for_eyes_that_do_not_tell_green_from_red(scheme: int) -> None:
    """Good is bluer than it is red, bad the other way round, by far; what still runs is grey."""
    tokens = _tokens(":root", scheme) | _tokens("[data-colours=safe]", scheme)
    good, bad, going = (_rgb(tokens, name) for name in ("ok", "bad", "run"))
    assert good[2] - good[0] > 100 < bad[0] - bad[2]
    assert max(going) - min(going) < 32
