"""The scripts of a page as one file: its modules, each in a block of its own, after those that they import.

Modules are written as browsers take them; what they import from each other becomes constants at the top of their
blocks. That needs no parser as long as they keep to what ``read`` knows, and it refuses all else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from forge.web import bundles, security

_IMPORT = re.compile(r'import (?:\{([\w, ]+)\} from )?"\./([a-z_]+\.js)";')
_EXPORT = re.compile(r"export (?=(?:(?:async )?function\*?|class|const) (\w+)\b)")
#: A module that is imported when it is needed comes with the others: they travel packed, it is one request less.
_LATER = re.compile(r'\bimport\("\./([a-z_]+\.js)"\)')
_UNKNOWN = re.compile(r"(?:^|[;{}/])\s*(?:import|export)\b|\bimport\s*[.(]|^\s*var\b")


class Unjoinable(Exception):
    """A module that is not written as ``read`` can take it, or modules that do not fit together."""


@dataclass
class Module:
    """One file: what it imports as (file, names there and here), what it exports, and its code without both."""

    name: str
    imports: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)

    @property
    def constant(self) -> str:
        """What holds its exports in the joined file."""
        return f"${self.name.removesuffix('.js')}"


def read(name: str, text: str) -> Module:
    """A module of its text, without comments that have lines of their own. Unjoinable names the line that it does
    not know."""
    module, in_comment = Module(name), False
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if in_comment or bare.startswith("/*"):
            in_comment = "*/" not in bare
            if not in_comment and not bare.endswith("*/"):
                raise Unjoinable(f"{name}:{number}: code behind a comment: {bare}")
        elif bare and not bare.startswith("//") and not _take(module, line):
            raise Unjoinable(f"{name}:{number}: this cannot be joined: {bare}")
    return module


def _take(module: Module, line: str) -> bool:
    """Add one line; False when it is not understood."""
    if found := _IMPORT.fullmatch(line):
        names = [one.split() for one in (found.group(1) or "").split(",") if one.strip()]
        module.imports.append((found.group(2), [(one[0], one[-1]) for one in names]))
        return all(len(one) == 1 or (len(one) == 3 and one[1] == "as") for one in names)
    if found := _EXPORT.match(line):
        module.exports.append(found.group(1))
        line = line[found.end() :]
    for later in _LATER.findall(line):
        module.imports.append((later, []))
    line = _LATER.sub(lambda later: f"Promise.resolve({Module(later.group(1)).constant})", line)
    module.code.append(line)
    return line.count("`") % 2 == 0 and not _UNKNOWN.search(line)  # a template over several lines may hold anything


def join(texts: dict[str, str], names: tuple[str, ...]) -> str:
    """These of the modules, and all that they import, as the text of one. Unjoinable says what does not fit."""
    order: dict[str, Module] = {}
    for name in names:
        _visit(name, texts, order, ())
    holders = [f"{module.constant} = {{}}" for module in order.values()]
    blocks = (line for module in order.values() for line in _block(module))
    return "\n".join([f"const {', '.join(holders)};", *blocks, ""])


def _visit(name: str, texts: dict[str, str], order: dict[str, Module], above: tuple[str, ...]) -> None:
    """Put a module in order, behind what it imports."""
    if name in above:
        raise Unjoinable(f"{name} imports itself, by way of {' and '.join(above[above.index(name) + 1 :]) or name}")
    if name in order:
        return
    if name not in texts:
        raise Unjoinable(f"{above[-1] if above else 'a page'} names {name}, which is not there")
    module = read(name, texts[name])
    for other, wanted in module.imports:
        _visit(other, texts, order, (*above, name))
        if missing := [there for there, _ in wanted if there not in order[other].exports]:
            raise Unjoinable(f"{name} imports {', '.join(missing)} of {other}, which does not export it")
    order[name] = module


def _block(module: Module) -> list[str]:
    taken = [
        f"const {{{', '.join(there if there == here else f'{there}: {here}' for there, here in wanted)}}} = "
        f"{Module(other).constant};"
        for other, wanted in module.imports
        if wanted
    ]
    given = [f"Object.assign({module.constant}, {{{', '.join(module.exports)}}});"] if module.exports else []
    return ["{", *taken, *module.code, *given, "}"]


def texts() -> dict[str, str]:
    """All modules that there are."""
    return {path.name: path.read_text() for path in sorted(security.STATIC.glob("*.js"))}


BUNDLE = bundles.Bundle(
    "/-/scripts", ".js", "text/javascript; charset=utf-8", lambda names: join(texts(), names).encode()
)
