"""The keys allowed at each place, their types, and the contexts and functions allowed in each.

Data only: ``rules`` has the vocabulary, ``contexts`` the names that expressions may use, ``events``,
``jobs`` and ``workflow`` the places. Facts from GitHub's workflow schema (MIT) and its documentation.
"""

from __future__ import annotations

from workflows.schema.contexts import Context
from workflows.schema.rules import Key, Place, Shape
from workflows.schema.workflow import ROOT

__all__ = ["ROOT", "Context", "Key", "Place", "Shape"]
