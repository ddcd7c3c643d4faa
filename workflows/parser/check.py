"""Hold nodes against the schema: types, known and required keys, and every expression's syntax."""

from __future__ import annotations

from workflows.expressions import values
from workflows.parser import expression_checks
from workflows.parser.findings import Findings
from workflows.schema import Context, Place, Shape
from workflows.source import Mapping, Node, Scalar, Sequence


def text_of(node: Scalar) -> str:
    """A scalar as the text that GitHub makes of it: 010 is 10, True is true, null is empty."""
    return node.value if isinstance(node.value, str) else values.to_text(node.value)


def is_expression(node: Node) -> bool:
    """True when a text holds ``${{``."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and "${{" in node.value


class Check:
    """One walk over a file."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def node(self, node: Node, place: Place, outer: Context | None = None) -> None:
        """Check what stands at a place; ``outer`` is the context of the place around it."""
        context = place.context or outer
        if isinstance(node, Scalar):
            self._scalar(node, place, context)
        elif place.anything:
            self._anything(node, context)
        elif isinstance(node, Sequence):
            self._sequence(node, place, context)
        else:
            self._mapping(node, place, context)

    def _anything(self, node: Sequence | Mapping, context: Context | None) -> None:
        anything = Place(anything=True)
        if isinstance(node, Sequence):
            for item in node.items:
                self.node(item, anything, context)
        else:
            for key, value in node.entries:
                self._own_key(key, context)
                self.node(value, anything, context)

    def _scalar(self, node: Scalar, place: Place, context: Context | None) -> None:
        if place.condition:
            messages = expression_checks.condition_problems(text_of(node), context)
        elif is_expression(node):
            messages = expression_checks.template_problems(text_of(node), context)
        else:
            self._literal(node, place)
            return
        for message in messages:
            self._findings.error(node.position, message)
        if messages and not place.condition:
            self._literal(node, place)  # what is no expression is a text, and may not be one that fits

    def _literal(self, node: Scalar, place: Place) -> None:
        value = node.value
        if place.anything or (place.null and value is None) or (place.flag and isinstance(value, bool)):
            return
        if place.number and isinstance(value, int | float) and not isinstance(value, bool):
            return
        said = text_of(node)
        if not place.text or (place.non_empty and not said) or (place.words and said not in place.words):
            self._findings.error(node.position, f"Unexpected value '{said}'", said, place.words)

    def _sequence(self, node: Sequence, place: Place, context: Context | None) -> None:
        if place.items is None:
            self._findings.error(node.position, "A sequence was not expected")
            return
        for item in node.items:
            self.node(item, place.items, context)

    def _mapping(self, node: Mapping, place: Place, context: Context | None) -> None:
        if not place.shapes:
            self._findings.error(node.position, "A mapping was not expected")
            return
        forms = place.shapes
        for key, value in node.entries:
            forms = self._entry(key, value, forms, context)
        self._complete(node, forms)

    def _entry(self, key: Scalar, value: Node, forms: tuple[Shape, ...], context: Context | None) -> tuple[Shape, ...]:
        """Check one entry; the forms that the keys so far leave possible."""
        name = text_of(key)
        fitting = tuple(form for form in forms if name in form.keys)
        if fitting:
            rule = fitting[0].keys[name]
            self.node(value, rule.place, context)
            return fitting
        loose = next((form.loose for form in forms if form.loose is not None), None)
        if loose is not None:
            self._own_key(key, context)
            self.node(value, loose, context)
        else:
            self._unknown(key, name, forms)
        return forms

    def _own_key(self, key: Scalar, context: Context | None) -> None:
        """A key of the author's own: not empty; an expression where one may stand."""
        if not is_expression(key):
            if not text_of(key):
                self._findings.error(key.position, "Unexpected value ''")
        elif context is None:
            self._findings.error(key.position, expression_checks.NOT_ALLOWED)
        else:
            said = text_of(key)
            insert = said.replace(" ", "") == "${{insert}}"
            for message in [] if insert else expression_checks.template_problems(said, context):
                self._findings.error(key.position, message)

    def _unknown(self, key: Scalar, name: str, forms: tuple[Shape, ...]) -> None:
        if is_expression(key):
            self._findings.error(key.position, expression_checks.NOT_ALLOWED)
            return
        known = [known for form in forms for known in form.keys]
        if all(form.unknown_is_warning for form in forms):
            self._findings.warning(key.position, f"Unexpected value '{name}' is ignored", name, known)
        else:
            self._findings.error(key.position, f"Unexpected value '{name}'", name, known)

    def _complete(self, node: Mapping, forms: tuple[Shape, ...]) -> None:
        """Required keys; or, while several forms are possible, the keys that would tell them apart."""
        names = {text_of(key) for key, _ in node.entries}
        if len(forms) == 1:
            for name in forms[0].required():
                if name not in names:
                    self._findings.error(node.position, f"Required property is missing: {name}")
            return
        counted: dict[str, int] = {}
        for form in forms:
            for name in form.keys if form.hinted else ():
                counted[name] = counted.get(name, 0) + 1
        telling = ", ".join(sorted(name for name, count in counted.items() if count == 1))
        message = "There's not enough info to determine what you meant. Add one of these properties: "
        self._findings.error(node.position, message + telling)
