"""Hold nodes against the schema: types, known and required keys, and every expression's syntax."""

from __future__ import annotations

from collections import Counter

from workflows.expressions import is_insert, values
from workflows.model import Position
from workflows.parser import expression_checks
from workflows.parser.findings import Findings
from workflows.schema import Context, Place, Shape
from workflows.source import Mapping, Node, Scalar, Sequence

_ANYTHING = Place(anything=True)


def text_of(node: Scalar) -> str:
    """A scalar as the text that GitHub makes of it: 010 is 10, True is true, null is empty.

    ``${{ 'x' }}`` is the text x, wherever it stands.
    """
    value = node.value
    if not isinstance(value, str):
        return values.to_text(value)
    if "${{" in value:
        constant = expression_checks.constant(value)
        return value if constant is None else constant
    return value


def is_expression(node: Node) -> bool:
    """True when a text holds ``${{`` and has to be evaluated."""
    return (
        isinstance(node, Scalar)
        and isinstance(node.value, str)
        and "${{" in node.value
        and expression_checks.constant(node.value) is None
    )


class Check:
    """One walk over a file. ``expression_keys`` are the places where an expression stands among known keys."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.expression_keys: list[Position] = []

    def node(self, node: Node, place: Place, outer: Context | None = None) -> None:
        """Check what stands at a place; ``outer`` is the context of the place around it."""
        context = place.context or outer
        if isinstance(node, Scalar):
            self._scalar(node, place, context)
        elif isinstance(node, Mapping):
            self._mapping(node, place, context)
        else:
            self._sequence(node, place, context)

    def _scalar(self, node: Scalar, place: Place, context: Context | None) -> None:
        value = node.value
        if place.condition:
            messages = expression_checks.condition_problems(text_of(node), context)
        elif isinstance(value, str) and "${{" in value and is_expression(node):
            messages = expression_checks.template_problems(value, context)
        else:
            self._literal(node, place)
            return
        for message in messages:
            self._findings.error(node.position, message)
        if messages and not place.condition and messages[0] != expression_checks.NOT_ALLOWED:
            self._literal(node, place)  # what is no expression is a text, and may not be one that fits

    def _literal(self, node: Scalar, place: Place) -> None:
        value = node.value
        if isinstance(value, str):
            fits = place.text or place.anything
        elif isinstance(value, bool):
            fits = place.flag or place.text or place.anything
        elif value is None:
            if place.null or place.anything:
                return
            fits = place.text
        else:
            fits = place.number or place.text or place.anything
        if fits and not place.words and not place.non_empty:
            return
        said = text_of(node)
        if not fits or (place.non_empty and not said) or (place.words and said not in place.words):
            self._findings.error(node.position, f"Unexpected value '{said}'", said, place.words)

    def _sequence(self, node: Sequence, place: Place, context: Context | None) -> None:
        items = _ANYTHING if place.anything else place.items
        if items is None:
            self._findings.error(node.position, "A sequence was not expected")
            return
        for item in node.items:
            self.node(item, items, context)

    def _mapping(self, node: Mapping, place: Place, context: Context | None) -> None:
        forms = place.shapes
        if place.anything:
            self._own_keys(node, _ANYTHING, context)
        elif not forms:
            self._findings.error(node.position, "A mapping was not expected")
        elif len(forms) == 1 and not forms[0].keys and forms[0].loose is not None:
            self._own_keys(node, forms[0].loose, context)
        else:
            self._known_keys(node, forms, context)

    def _own_keys(self, node: Mapping, place: Place, context: Context | None) -> None:
        """A mapping whose keys are the author's own."""
        for key, value in node.entries:
            if not self._is_expression(key, context):
                self._own_key(key)
                self.node(value, place, context)
            elif self._allows_expression(key, context):
                self.node(value, place, context)

    def _own_key(self, key: Scalar) -> None:
        if not text_of(key):
            self._findings.error(key.position, "Unexpected value ''")

    def _is_expression(self, key: Scalar, context: Context | None) -> bool:
        """True for a key with an expression. One that cannot be read was reported, and is a text like any other."""
        if not is_expression(key):
            return False
        said = text_of(key)
        messages = () if is_insert(said) else expression_checks.template_problems(said, context)
        wrong = [message for message in messages if message != expression_checks.NOT_ALLOWED]
        for message in wrong:
            self._findings.error(key.position, message)
        return not wrong

    def _allows_expression(self, key: Scalar, context: Context | None) -> bool:
        if context is None:
            self._findings.error(key.position, expression_checks.NOT_ALLOWED)
        return context is not None

    def _known_keys(self, node: Mapping, forms: tuple[Shape, ...], context: Context | None) -> None:
        """A mapping of one of several forms: each key leaves those forms that know it."""
        loose = forms[0].loose
        some_unknown = False
        for key, value in node.entries:
            name = text_of(key)
            if len(forms) == 1:
                rule = forms[0].keys.get(name)
            else:
                fitting = tuple(form for form in forms if name in form.keys)
                rule = fitting[0].keys[name] if fitting else None
                forms = fitting or forms
            if rule is not None:
                self.node(value, rule.place, context)
            elif self._is_expression(key, context):
                some_unknown = True
                if self._allows_expression(key, context):
                    self.node(value, loose or _ANYTHING, context)
                    if loose is None:
                        self.expression_keys.append(key.position)
            elif loose is not None:
                self._own_key(key)
                self.node(value, loose, context)
            else:
                self._unknown(key, name, forms)
        if not some_unknown or len(forms) > 1:
            self._complete(node, forms)

    def _unknown(self, key: Scalar, name: str, forms: tuple[Shape, ...]) -> None:
        known = [known for form in forms for known in form.keys]
        if all(form.unknown_is_warning for form in forms):
            self._findings.warning(key.position, f"Unexpected value '{name}' is ignored", name, known)
        else:
            self._findings.error(key.position, f"Unexpected value '{name}'", name, known)

    def _complete(self, node: Mapping, forms: tuple[Shape, ...]) -> None:
        """Required keys; or, while several forms are possible, the keys that would tell them apart."""
        if len(forms) == 1:
            if forms[0].required:
                names = {text_of(key) for key, _ in node.entries}
                for name in forms[0].required:
                    if name not in names:
                        self._findings.error(node.position, f"Required property is missing: {name}")
            return
        counted = Counter(name for form in forms if form.hinted for name in form.keys)
        telling = ", ".join(sorted(name for name, count in counted.items() if count == 1))
        message = "There's not enough info to determine what you meant. Add one of these properties: "
        self._findings.error(node.position, message + telling)
