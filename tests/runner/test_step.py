"""What one step does and says: its expressions, its limits, its environment files, debug logging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner.backends.base import Command, JobPlace
from runner.backends.fake import FakeBackend, FakeExecution, FakeSandbox
from runner.fake_server import KeptJob
from runner.stop import Stop
from tests.runner.conftest import job_of, text_of
from workflows.model import Step

Carry = Callable[..., KeptJob]


def run(text: str, **fields: Any) -> Step:
    return Step(id=fields.pop("id", "__run"), run=text, **fields)


def span(kept: KeptJob, number: int) -> list[str]:
    """The lines of one step, without their stamps."""
    step = kept.steps[number]
    log = bytes(kept.log[step.log_start : step.log_end])
    return [line[29:] for line in log.decode().splitlines()]


def messages(kept: KeptJob) -> list[str]:
    assert kept.end is not None
    return [note.message for note in kept.end.annotations]


def test_whole_tables_are_expressions(carry: Carry) -> None:
    kept = carry(
        job_of(
            run("echo $A $B $C ${{ env.D }}", env={"${{ vars.key }}": "c", "${{ insert }}": "${{ matrix }}"}),
            run("echo x=1 >> $GITHUB_OUTPUT", id="out"),
            workflow_env="${{ vars.all }}",
            definition={"env": {"${{ insert }}": "${{ needs }}"}, "outputs": "${{ steps.out.outputs }}"},
            contexts={"vars": {"all": {"A": "a"}, "key": "C"}, "matrix": {"D": 4}, "needs": {"B": "b"}},
        )
    )
    assert "a b c 4" in text_of(kept)
    assert kept.end is not None
    assert kept.end.outputs == {"x": "1"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (run("true", env="${{ github.actor }}"), "The template is not valid. env: Unexpected value 'alice'"),
        (
            run("true", env={"A": "${{ github.event }}"}),
            "The template is not valid. env: A: A mapping was not expected",
        ),
        (run("true", if_="fromJSON('{')"), "The condition of this step cannot be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_before_a_step_fails_it(carry: Carry, step: Step, said: str) -> None:
    kept = carry(job_of(step))
    assert kept.steps[2].outcome == "failure"
    assert said in messages(kept)[0]


@pytest.mark.parametrize(
    ("forgive", "conclusion", "said"),
    [
        ("${{ github.actor == 'alice' }}", "success", []),
        ("${{ github.actor == 'bob' }}", "failure", []),
        ("${{ 'false' }}", "failure", ["Unexpected value 'false'"]),
        ("${{ fromJSON('{') }}", "failure", ["Error parsing"]),
    ],
)
def test_continue_on_error_is_a_boolean(carry: Carry, forgive: str, conclusion: str, said: list[str]) -> None:
    kept = carry(job_of(run("exit 1", continue_on_error=forgive)))
    assert (kept.steps[2].outcome, kept.steps[2].conclusion) == ("failure", conclusion)
    rest = messages(kept)[1:]
    if said:
        assert rest[0].startswith("The step failed and an error occurred when attempting to determine whether to")
        assert said[0] in rest[1]
    else:
        assert rest == []


def test_continue_on_error_is_not_looked_at_when_nothing_failed(carry: Carry) -> None:
    kept = carry(job_of(run("true", continue_on_error="${{ fromJSON('{') }}")))
    assert messages(kept) == []


def test_a_limit_that_cannot_be_worked_out_is_said_and_is_none(carry: Carry) -> None:
    kept = carry(job_of(run("true", timeout_minutes="${{ github.actor }}"), run("true", timeout_minutes="${{ 9.5 }}")))
    assert kept.steps[2].conclusion == "success"
    assert messages(kept) == [
        "An error occurred when attempting to determine the step timeout.",
        "The template is not valid. timeout-minutes: Unexpected value 'alice'",
    ]


@pytest.mark.parametrize(
    ("folder", "directory"),
    [
        ("", "/__w/project/project"),
        ("sub/dir", "/__w/project/project/sub/dir"),
        ("/opt/${{ github.actor }}", "/opt/alice"),
    ],
)
def test_working_directory(carry: Carry, folder: str, directory: str) -> None:
    backend = FakeBackend()
    carry(job_of(run("true", working_directory=folder)), backend)
    assert backend.commands[0].directory == directory


def test_a_name_may_be_made_of_the_step_s_own_variables(carry: Carry) -> None:
    kept = carry(job_of(run("true", name="on ${{ env.WHERE }}", env={"WHERE": "mars"})))
    assert kept.steps[2].name == "on mars"


def test_environment_files_are_named_in_the_context(carry: Carry) -> None:
    backend = FakeBackend()
    kept = carry(job_of(run("echo ${{ github.output }} ${{ github.step_summary }}")), backend)
    environment = backend.commands[0].environment
    assert f"{environment['GITHUB_OUTPUT']} {environment['GITHUB_STEP_SUMMARY']}" in text_of(kept)


def test_a_file_that_is_wrong_makes_two_errors(carry: Carry) -> None:
    kept = carry(job_of(run("echo K=1 >> $GITHUB_ENV\necho bad >> $GITHUB_ENV"), run("echo $K", if_="always()")))
    assert messages(kept)[:2] == ["Unable to process file command 'env' successfully.", "Invalid format 'bad'"]
    assert "1" in span(kept, 3)


def test_a_message_is_masked_before_it_is_cut(carry: Carry) -> None:
    text = "x" * 4090 + "hunter2hunter2"
    kept = carry(job_of(run(f"echo ::error::{text}"), secrets={"PASS": "hunter2hunter2"}))
    assert messages(kept) == ["x" * 4090 + "***"]


def test_debug_logging_tells_how_a_step_comes_about(carry: Carry) -> None:
    step = run("echo ::debug::seen\necho ${{ github.actor }}\necho A=1 >> $GITHUB_OUTPUT", id="it")
    kept = carry(job_of(step, debug=True))
    lines = span(kept, 2)
    name = kept.steps[2].name
    assert lines[:6] == [
        f"##[debug]Evaluating condition for step: '{name}'",
        "##[debug]Evaluating: success()",
        "##[debug]Evaluating success:",
        "##[debug]=> true",
        "##[debug]Result: true",
        f"##[debug]Starting: {name}",
    ]
    loading = lines.index("##[debug]Loading inputs")
    assert lines[loading + 1].startswith("##[debug]Evaluating: format('echo ::debug::seen")
    head = lines.index("##[endgroup]")
    assert loading < lines.index("##[debug]Loading env") < lines.index(f"##[group]{name}") < head
    assert lines[head + 1].startswith("##[debug]/usr/bin/bash -e /__w/_temp/")
    assert lines[head + 2 :] == [
        "##[debug]seen",
        "alice",
        "##[debug]Set output A = 1",
        f"##[debug]Finishing: {name}",
    ]


def test_debug_logging_tells_why_a_step_was_skipped(carry: Carry) -> None:
    kept = carry(job_of(run("true", if_="success() && (github.actor == 'bob')", name="never"), debug=True))
    lines = span(kept, 2)
    assert kept.steps[2].conclusion == "skipped"
    assert lines[0] == "##[debug]Evaluating condition for step: 'never'"
    assert lines[-1] == "##[debug]Result: false"


def test_without_debug_logging_nothing_of_it_is_told(carry: Carry) -> None:
    kept = carry(job_of(run("echo ::debug::unseen"), run("true", if_="false")))
    assert b"##[debug]" not in kept.log
    assert kept.steps[3].log_start is None


def test_problem_matchers_go_on_through_the_steps(carry: Carry) -> None:
    matcher = (
        '{"problemMatcher": [{"owner": "x", "severity": "warning", '
        '"pattern": [{"regexp": "^(.*): (.*)$", "file": 1, "message": 2}]}]}'
    )
    kept = carry(
        job_of(
            run(f"echo '{matcher}' > m.json\necho url = http://127.0.0.1:1/octo/project > .git_config"),
            run("echo ::add-matcher::m.json\necho a.py: first"),
            run("echo b.py: second\necho ::remove-matcher owner=x::\necho c.py: third"),
        )
    )
    assert kept.end is not None
    notes = [(note.step, note.level, note.message, note.path) for note in kept.end.annotations]
    assert notes == [(3, "warning", "first", ""), (4, "warning", "second", "")]
    assert span(kept, 4)[-2:] == ["##[warning]b.py: second", "c.py: third"]
    offset = kept.end.annotations[1].log_offset
    assert offset is not None
    assert bytes(kept.log[offset:])[29:].startswith(b"##[warning]b.py")


class RememberingSandbox(FakeSandbox):
    """Its built-in actions keep a state, as an action does that has something to clean up."""

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> FakeExecution:
        (self._place.work / command.environment["GITHUB_STATE"].removeprefix("/__w/")).write_text("folder=/tmp/x\n")
        return super().start(command, write, ended)


class Remembering(FakeBackend):
    """Has such sandboxes."""

    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> FakeSandbox:
        self.prepared.append(place.lease)
        return RememberingSandbox(place, self)


def test_what_an_action_keeps_is_there_for_its_post_step(carry: Carry) -> None:
    backend = Remembering()
    carry(job_of(Step(id="__actions_checkout", uses="actions/checkout@v4")), backend)
    main, post = backend.commands
    assert "STATE_folder" not in main.environment
    assert post.environment["STATE_folder"] == "/tmp/x"


def test_the_job_context_has_what_the_server_knows(carry: Carry) -> None:
    told = {"check_run_id": 9, "workflow_file_path": "a.yml", "status": "forged"}
    kept = carry(
        job_of(
            run("echo ${{ job.check_run_id }} ${{ job.workflow_file_path }} ${{ job.status }}"), contexts={"job": told}
        )
    )
    assert "9 a.yml success" in text_of(kept)
