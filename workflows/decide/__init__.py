"""What happens next in a run, decided without touching anything.

A snapshot of an attempt's nodes and jobs goes in, the moves to make come out. The server's ``advance``
and the agent's ``exec`` apply them and ask again until there are none: ``snapshot`` has the data,
``needs`` what a job sees of the jobs before it, ``expansion`` a job's legs, ``calls`` those of a job that runs
another workflow, ``groups`` who of many has a concurrency group, ``definitions`` what the files say of a job that is
handed out, ``rules`` the decisions.
"""

from workflows.decide.definitions import Definition, definition, secrets
from workflows.decide.expansion import contexts_for_job
from workflows.decide.rules import decide, leg_done, roll_up
from workflows.decide.snapshot import (
    Admit,
    Ask,
    AskCall,
    CallLeg,
    Cancel,
    Conclude,
    End,
    Enter,
    Expand,
    Gate,
    Group,
    JobState,
    Leg,
    Move,
    NodeState,
    Queue,
    Snapshot,
)

__all__ = [
    "Admit",
    "Ask",
    "AskCall",
    "CallLeg",
    "Cancel",
    "Conclude",
    "Definition",
    "End",
    "Enter",
    "Expand",
    "Gate",
    "Group",
    "JobState",
    "Leg",
    "Move",
    "NodeState",
    "Queue",
    "Snapshot",
    "contexts_for_job",
    "decide",
    "definition",
    "leg_done",
    "roll_up",
    "secrets",
]
