"""Modules as one file. That the file runs is seen in a browser; here, that it is made of what it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from forge.web import scripts

_TAG = re.compile(r"\{% scripts ((?:'[\w.]+' ?)+)%\}")
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def _used() -> set[tuple[str, ...]]:
    """What the pages ask for."""
    found = (_TAG.finditer(path.read_text()) for path in TEMPLATES)
    return {tuple(re.findall(r"'([\w.]+)'", tag.group(1))) for tags in found for tag in tags}


def _joined(text: str) -> list[str]:
    """The modules that a joined file is made of."""
    return [f"{name}.js" for name in re.findall(r"\$(\w+) = \{\}", text.partition("\n")[0])]


def test_what_every_page_asks_for_can_be_joined() -> None:
    texts, used = scripts.texts(), _used()
    assert ("page.js",) in used
    assert len(used) > 4
    for names in used:
        joined = scripts.join(texts, names)
        assert set(names) <= set(_joined(joined))
        assert joined.count("Object.assign($keys, {") == 1  # one list of shortcuts, whoever binds them
        assert not re.search(r"^\s*(import|export)\b", joined, re.MULTILINE)


def test_every_module_can_be_joined_and_is_asked_for() -> None:
    texts = scripts.texts()
    assert {name for names in _used() for name in _joined(scripts.join(texts, names))} == set(texts)


def test_pages_have_their_scripts_in_one_file_only() -> None:
    """A module that came by an address of its own would be there twice, each with a state of its own."""
    wrong = [path.name for path in TEMPLATES if re.search(r"asset '[\w.]+\.js'", path.read_text())]
    assert wrong == []


def test_it_is_served_for_good_at_an_address_of_its_text(anyone: Client, db: None) -> None:
    address = scripts.BUNDLE.address("page.js", "list.js")
    answer = anyone.get(address)
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer["Cache-Control"]
    assert answer.content.decode() == scripts.join(scripts.texts(), ("page.js", "list.js"))
    assert "immutable" not in anyone.get(address.partition("?")[0] + "?v=00000000")["Cache-Control"]
    packed = anyone.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"


def test_nothing_else_is_served_there(anyone: Client, db: None) -> None:
    for names in ("ui.css", "page.js+ui.css", "..%2F..%2Fsettings.py", "nope.js", "page.js+"):
        assert anyone.get(f"/-/scripts/{names}").status_code == 404, names


def test_a_module_comes_once_and_after_what_it_imports() -> None:
    texts = {
        "a.js": 'import {b, c as d} from "./b.js";\nimport "./c.js";\n\n// Says both.\nd(b);\n',
        "b.js": 'import "./c.js";\n/** One\n *  and the same. */\nexport const b = 1;\nexport async function c() {}\n',
        "c.js": 'if (later) import("./d.js").then((one) => one.open());\n',
        "d.js": "export class open {}\n",
    }
    assert scripts.join(texts, ("c.js", "a.js")) == (
        "const $d = {}, $c = {}, $b = {}, $a = {};\n"
        "{\nclass open {}\nObject.assign($d, {open});\n}\n"
        "{\nif (later) Promise.resolve($d).then((one) => one.open());\n}\n"
        "{\nconst b = 1;\nasync function c() {}\nObject.assign($b, {b, c});\n}\n"
        "{\nconst {b, c: d} = $b;\nd(b);\n}\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("export default 1;", "a.js:1: this cannot be joined"),
        ("export let count = 0;", "cannot be joined"),
        ("export {a, b};", "cannot be joined"),
        ('export * from "./b.js";', "cannot be joined"),
        ('export {a} from "./b.js";', "cannot be joined"),
        ("export const {a, b} = c;", "cannot be joined"),
        ('import a from "./b.js";', "cannot be joined"),
        ('import * as a from "./b.js";', "cannot be joined"),
        ('import {a} from "https://example.org/b.js";', "cannot be joined"),
        ('import {a from} from "./b.js";', "cannot be joined"),
        ('import {\n  a,\n} from "./b.js";', "cannot be joined"),
        ("const here = import.meta.url;", "cannot be joined"),
        ("await import(name);", "cannot be joined"),
        ('let a = 1; export {a as "b"};', "cannot be joined"),
        ("var a = 1;", "cannot be joined"),
        ("const a = `\n// of the text\n`;", "cannot be joined"),
        ("/* why */ go();", "code behind a comment"),
        ("/** Why\n * it goes */ go();", "a.js:2: code behind a comment"),
        ('import {a} from "./b.js";', "imports a of b.js, which does not export it"),
        ('import {b} from "./c.js";', "a.js names c.js, which is not there"),
        ('import "./a.js";', "a.js imports itself"),
        ('import "./d.js";', "a.js imports itself, by way of d.js"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, says: str) -> None:
    texts = {"a.js": text, "b.js": "export const b = 1;", "d.js": 'import "./a.js";'}
    with pytest.raises(scripts.Unjoinable, match=re.escape(says)):
        scripts.join(texts, ("a.js",))
