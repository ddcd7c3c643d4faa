"""Compare rows with the rules, and report what breaks them.

Nothing here decides anything: the verbs keep the rules, and the reconciler finds nothing as long as they do. ``rule``
says what a rule is; ``attempts``, ``jobs``, ``groups`` and ``site`` hold the rules; ``run_rows`` reads rows for them;
``look`` looks, and again under the locks; ``findings`` keeps what was found; ``passes`` goes through the rows bit by
bit.
"""

from forge.actions.reconcile.findings import as_data, in_words
from forge.actions.reconcile.look import SENTENCES, at_groups, at_repositories, at_runs, at_site, everywhere
from forge.actions.reconcile.passes import Seen, a_pass, whole
from forge.actions.reconcile.rule import Found

__all__ = [
    "SENTENCES",
    "Found",
    "Seen",
    "a_pass",
    "as_data",
    "at_groups",
    "at_repositories",
    "at_runs",
    "at_site",
    "everywhere",
    "in_words",
    "whole",
]
