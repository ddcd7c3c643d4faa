"""YAML to nodes that remember line and column.

Only the scanner is PyYAML's (its C one, libyaml). The rules are YAML 1.2 core (``scalars``): ``on`` and ``yes``
are texts, ``010`` is ten, ``12:30:00`` is a text. Nodes (``nodes``) are built from events with a stack of our own
(``reader``), so that neither nesting nor aliases can exhaust anything: depth, aliases, size after expansion and
bytes are bounded by ``Limits``. Whatever is wrong becomes a ``Problem``; nothing else is raised.
"""

from __future__ import annotations

from workflows.source.nodes import Mapping, Node, Scalar, Sequence
from workflows.source.reader import LIMITS, Limits, load
from workflows.source.scalars import plain

__all__ = ["LIMITS", "Limits", "Mapping", "Node", "Scalar", "Sequence", "load", "plain"]
