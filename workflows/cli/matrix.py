"""``matrix``: the legs of a strategy, in order.

The strategy is JSON, given as an argument or on standard input: ``{"matrix": {"os": ["a", "b"]}}``. The
answer is one line: a JSON array with the ``matrix`` context of each leg. Expressions in the strategy are
evaluated with the contexts that ``--contexts`` gives, a JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from workflows.cli.values import as_json, object_of
from workflows.decide import strategies
from workflows.errors import WorkflowError
from workflows.matrix import Combination, display_name


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0; 1 when the strategy makes no legs, and why on standard error; 2 when it is no JSON."""
    form = argparse.RawDescriptionHelpFormatter
    command = argparse.ArgumentParser("python -m workflows matrix", description=__doc__, formatter_class=form)
    command.add_argument("strategy", nargs="?", default="-", help="the strategy; without it, standard input has it")
    command.add_argument("--contexts", default="{}", help='such as {"needs": {"a": {"outputs": {"b": "c"}}}}')
    command.add_argument("--names", action="store_true", help='{"name", "matrix"} for each leg; a job\'s name is "job"')
    asked = command.parse_args(arguments)
    text = sys.stdin.read() if asked.strategy == "-" else asked.strategy
    try:
        strategy, contexts = object_of("strategy", text), object_of("contexts", asked.contexts)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        legs = strategies.combinations(strategies.of_data(strategy).matrix, contexts)
    except WorkflowError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps([_shown(leg, asked.names) for leg in legs]))
    return 0


def _shown(leg: Combination, names: bool) -> object:
    values = as_json(dict(leg.values))
    return {"name": display_name("job", leg.segments), "matrix": values} if names else values
