"""One job from its assignment to its final report, with nothing but data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from runner.backends.fake import FakeBackend
from runner.errors import InfrastructureError
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Container, Step

Carry = Callable[..., KeptJob]


def run(text: str, **fields: object) -> Step:
    name = str(fields.pop("id", "__run"))
    return Step(id=name, run=text, **fields)  # type: ignore[arg-type]


def conclusions(kept: KeptJob) -> list[tuple[str, str | None, str | None]]:
    steps = [kept.steps[number] for number in sorted(kept.steps)]
    return [(step.name, step.outcome, step.conclusion) for step in steps if step.workflow]


def test_a_job_that_succeeds(carry: Carry) -> None:
    kept = carry(job_of(run("echo hello world"), run("echo more", name="Second of ${{ github.actor }}")))
    assert kept.end is not None
    assert (kept.end.status, kept.end.conclusion, kept.end.reason) == ("completed", "success", "")
    assert conclusions(kept) == [
        ("Run echo hello world", "success", "success"),
        ("Second of alice", "success", "success"),
    ]
    assert [kept.steps[number].name for number in sorted(kept.steps)][:: len(kept.steps) - 1] == [
        "Set up job",
        "Complete job",
    ]
    assert kept.end.log_length == len(kept.log)
    assert kept.end.log_sha256 == hashlib.sha256(kept.log).hexdigest()


def test_spans_hold_head_and_output(carry: Carry) -> None:
    kept = carry(job_of(run("echo hello\nexit 3", env={"COLOUR": "blue"})))
    step = kept.steps[2]
    assert step.log_start is not None
    lines = [line[29:] for line in bytes(kept.log[step.log_start : step.log_end]).decode().splitlines()]
    assert lines == [
        "##[group]Run echo hello",
        "\x1b[36;1mecho hello\x1b[0m",
        "\x1b[36;1mexit 3\x1b[0m",
        "shell: /usr/bin/bash -e {0}",
        "env:",
        "  COLOUR: blue",
        "##[endgroup]",
        "hello",
        "##[error]Process completed with exit code 3.",
    ]
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert [note.message for note in kept.end.annotations] == ["Process completed with exit code 3."]


def test_conditions_and_continue_on_error(carry: Carry) -> None:
    kept = carry(
        job_of(
            run("exit 1", id="soft", continue_on_error=True, name="soft"),
            run("echo ${{ steps.soft.outcome }} ${{ steps.soft.conclusion }}", name="after"),
            run("exit 1", name="hard"),
            run("echo no", name="skipped"),
            run("echo yes", if_="failure()", name="on failure"),
            run("echo yes", if_="success() && (always())", name="never"),
            run("echo yes", if_="always()", name="always"),
            run("echo yes", if_="always() && fromJSON('{')", name="broken"),
        )
    )
    assert conclusions(kept) == [
        ("soft", "failure", "success"),
        ("after", "success", "success"),
        ("hard", "failure", "failure"),
        ("skipped", "skipped", "skipped"),
        ("on failure", "success", "success"),
        ("never", "skipped", "skipped"),
        ("always", "success", "success"),
        ("broken", "failure", "failure"),
    ]
    assert "failure success" in text_of(kept)


def test_environment_files_and_outputs(carry: Carry) -> None:
    kept = carry(
        job_of(
            run("echo A=from file >> $GITHUB_ENV\necho one=1 >> $GITHUB_OUTPUT\necho /opt/x >> $GITHUB_PATH", id="set"),
            run(
                "echo $A $B ${{ steps.set.outputs.one }} ${{ env.A }}\necho path $PATH", env={"B": "${{ github.sha }}"}
            ),
            run("echo '# Title' >> $GITHUB_STEP_SUMMARY\necho ::notice file=a.py,line=2::look"),
            definition={"outputs": {"got": "${{ steps.set.outputs.one }}", "empty": "", "leak": "x job-token-secret"}},
        )
    )
    assert kept.end is not None
    lines = text_of(kept)
    assert f"from file {'a' * 40} 1 from file" in lines
    assert "path /opt/x:/usr/bin:/bin" in lines
    assert kept.end.outputs == {"got": "1"}
    assert "##[warning]Skip output 'leak' since it may contain secret." in lines
    assert [(each.step, each.text) for each in kept.end.summaries] == [(4, "# Title\n")]
    note = kept.end.annotations[0]
    assert (note.level, note.path, note.start_line, note.step) == ("notice", "a.py", 2, 4)
    assert note.log_offset is not None
    assert bytes(kept.log[note.log_offset :])[29:].startswith(b"##[notice]look")


def test_variables_of_the_platform(carry: Carry) -> None:
    backend = FakeBackend()
    carry(
        job_of(run("true", env={"GITHUB_SHA": "forged", "MINE": "1"}), workflow_env={"W": "${{ github.ref }}"}), backend
    )
    environment = backend.commands[0].environment
    expected = {
        "GITHUB_SHA": "a" * 40,
        "GITHUB_REPOSITORY": "octo/project",
        "GITHUB_WORKSPACE": "/__w/project/project",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "HOME": "/github/home",
        "RUNNER_TEMP": "/__w/_temp",
        "RUNNER_TOOL_CACHE": "/__t",
        "RUNNER_OS": "Linux",
        "GITHUB_ACTION": "__run",
        "MINE": "1",
        "W": "refs/heads/main",
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert "GITHUB_TOKEN" not in environment
    assert environment["RUNNER_TRACKING_ID"].startswith("github_")
    assert backend.commands[0].directory == "/__w/project/project"
    assert "lease-token-1" not in str(environment)


def test_secrets_stay_out_of_the_log(carry: Carry) -> None:
    kept = carry(
        job_of(
            run("echo a hunter2 b", name="uses hunter2"), run("echo ::warning::hunter2"), secrets={"PASS": "hunter2"}
        )
    )
    assert b"hunter2" not in kept.log
    assert "hunter2" not in repr(kept.end)
    assert "hunter2" not in repr(kept.history)
    assert "a *** b" in text_of(kept)


def test_what_becomes_secret_on_the_way_is_told_to_nobody_afterwards(carry: Carry) -> None:
    script = (
        "echo ::add-mask::hunter2\necho ::group::g hunter2\necho ::error title=hunter2,file=hunter2::b hunter2 c\n"
        "echo '# hunter2' >> $GITHUB_STEP_SUMMARY\necho out=hunter2 >> $GITHUB_OUTPUT"
    )
    kept = carry(
        job_of(
            run("echo shown", name="first"),
            run(script, id="set"),
            run("echo ${{ steps.set.outputs.out }}", name="uses ${{ steps.set.outputs.out }}"),
            run("echo never", name="c", if_="fromJSON(steps.set.outputs.out)"),
            definition={
                "outputs": {"one": "${{ steps.set.outputs.out }}", "two": "${{ fromJSON(steps.set.outputs.out) }}"},
            },
        )
    )
    assert kept.end is not None
    assert kept.end.summaries[0].text == "# ***\n"
    note = kept.end.annotations[0]
    assert (note.message, note.title, note.path) == ("b *** c", "***", "***")
    assert {"##[group]g ***", "##[error]b *** c"} <= set(text_of(kept))
    assert "uses ***" in [step.name for step in kept.steps.values()]
    # The head of the step showed the value in its script, before it was a secret.
    after = bytes(kept.log[kept.log.index(b"##[group]g ***") :])
    for told in (kept.end, [step for step in kept.history if step.status == "completed"], after):
        assert "hunter2" not in repr(told)


def test_nothing_is_started_before_the_first_step_is_acknowledged(fleet: Fleet) -> None:
    backend = FakeBackend()
    fleet.server.unreachable.add("steps")
    kept = fleet.server.give(job_of(run("echo hello")))
    fleet.start(backend)
    tries = "POST /api/v1/jobs/1/steps"
    assert fleet.server.wait_for(lambda: backend.prepared != [] and fleet.server.paths.count(tries) >= 4)
    assert backend.commands == []
    fleet.server.unreachable.clear()
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert len(backend.commands) == 1
    assert backend.prepared == backend.closed


def test_order_of_reports(carry: Carry) -> None:
    kept = carry(job_of(run("echo a"), run("echo b")))
    seen = [(step.number, step.status) for step in kept.history if step.workflow and step.status != "queued"]
    assert seen.index((2, "in_progress")) < seen.index((2, "completed")) < seen.index((3, "completed"))
    assert kept.started is not None


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step(id="x", uses="actions/cache@v4"), "knows no action but actions/checkout"),
        (Step(id="x", run="true", shell="tcsh"), "Invalid shell option 'tcsh'"),
        (Step(id="x", uses="actions/checkout@v4", with_={"fetch-depth": "deep"}), "'fetch-depth'"),
        (Step(id="x", uses="actions/checkout@v4", with_={"path": "../up"}), "is not under"),
        (Step(id="x", uses="actions/checkout@v4", with_={"lfs": "true"}), "not supported yet"),
        (Step(id="x", run="echo ${{ fromJSON('{') }}"), "template is not valid"),
    ],
)
def test_a_step_that_makes_no_sense_says_so(carry: Carry, step: Step, message: str) -> None:
    kept = carry(job_of(step))
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert any(message in note.message for note in kept.end.annotations)


def test_a_machine_that_fails_is_told_apart(carry: Carry) -> None:
    broken = FakeBackend(failures={"linux": InfrastructureError("image_unavailable", "no such image")})
    kept = carry(job_of(run("echo never")), broken)
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason, kept.end.message) == ("failure", "image_unavailable", "no such image")
    assert conclusions(kept) == [("Run echo never", "skipped", "skipped")]
    assert broken.commands == []


def test_the_head_of_checkout_names_its_inputs(carry: Carry) -> None:
    given = {"Fetch-Depth": "0", "depth": "1", "token": "own-token"}
    kept = carry(job_of(Step(id="__actions_checkout", uses="actions/checkout@v4", with_=given)))
    lines = text_of(kept)
    head = lines[lines.index("##[group]Run actions/checkout@v4") :]
    assert head[1] == "with:"
    for line in ("  repository: octo/project", "  token: ***", "  fetch-depth: 0", "  clean: true"):
        assert line in head[: head.index("##[endgroup]")]
    assert kept.end is not None
    (note,) = kept.end.annotations
    assert note.message.startswith("Unexpected input(s) 'depth', valid inputs are ['repository', 'ref', ")


def test_checkout_keeps_its_credential_out_of_arguments(carry: Carry) -> None:
    backend = FakeBackend()
    kept = carry(job_of(Step(id="__actions_checkout", uses="actions/checkout@v4")), backend)
    main, post = backend.commands
    assert "job-token-secret" not in str(main.argv)
    assert main.environment["CHECKOUT_SHA"] == "a" * 40
    assert main.environment["GIT_CONFIG_KEY_0"] == "http.http://127.0.0.1:1/.extraheader"
    assert post.environment["CHECKOUT_MODE"] == "post"
    assert [name for name, _, _ in conclusions(kept)] == ["Run actions/checkout@v4", "Post Run actions/checkout@v4"]


def test_a_service_without_an_image_is_left_out(carry: Carry) -> None:
    services = {"db": Container("${{ vars.DB }}")}
    kept = carry(job_of(run("echo ${{ job.services.db }}."), definition={"services": services}))
    line = "The service 'db' will not be started because the container definition has an empty image."
    assert line in text_of(kept)
    assert [kept.steps[number].name for number in sorted(kept.steps)][0::2] == ["Set up job", "Complete job"]


def test_the_environment_of_a_container_is_below_the_workflows(carry: Carry) -> None:
    container = Container("x", env={"A": "container", "B": "container", "C": "container"})
    made = job_of(
        run("echo $A $B $C $D"),
        definition={"container": container, "env": {"B": "job"}},
        workflow_env={"C": "workflow"},
    )
    kept = carry(made, job_env={"A": "administrator", "D": "administrator"})
    assert "container job workflow administrator" in text_of(kept)


def test_a_container_that_makes_no_sense_fails_the_job(carry: Carry) -> None:
    services = {"services": "${{ vars.NUMBER }}"}
    kept = carry(job_of(run("echo never"), definition=services, contexts={"vars": {"NUMBER": 1}}))
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert "services: a mapping was expected" in kept.end.message
