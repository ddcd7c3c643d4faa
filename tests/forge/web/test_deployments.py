"""The page on which reviewers decide: who may act, what the rules are, and what is deployed now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forge.accounts import audit
from forge.accounts.models import Account
from forge.actions.models import PendingDeployment, Run
from forge.environments import environments
from forge.environments.models import BranchPolicy, Environment, Reviewer
from forge.repos.models import Repository
from tests import factories


@pytest.fixture
def prod(widget: Repository, rosa: Account) -> Environment:
    """Reviewed by rosa."""
    made = environments.get_or_create(widget, "prod")
    Reviewer.objects.create(environment=made, user=rosa)
    return made


@pytest.fixture
def run(widget: Repository) -> Run:
    """One of bea's that waits."""
    return factories.run(factories.workflow(widget), status="waiting")


def _pend(run: Run, environment: Environment, name: str = "deploy", **more: object) -> PendingDeployment:
    job = factories.job(run.latest_attempt, name, status="waiting", environment=environment.name)
    return PendingDeployment.objects.create(
        job=job, run=run, environment=environment, environment_name=environment.name, **more
    )


def _text(client: Client, run: Run) -> str:
    answer = client.get(f"/rosa/widget/actions/runs/{run.pk}/deployments")
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_deployed_now_stands_beside_what_would_be(person: Client, run: Run, prod: Environment) -> None:
    _pend(run, prod)
    assert "nothing that is known" in _text(person, run)
    shas = [digit * 40 for digit in "abc"]
    for sha, conclusion, state in zip(
        shas, ("success", "success", "failure"), ("passed", "passed", "passed"), strict=True
    ):
        before = factories.run(run.workflow, head_sha=sha)
        job = factories.job(before.latest_attempt, "deploy", conclusion=conclusion, environment="prod")
        PendingDeployment.objects.create(
            job=job, run=before, environment=prod, environment_name="prod", state=state, approved=True
        )
    page = _text(person, run)
    assert f"/rosa/widget/commit/{shas[1]}" in page  # the last that succeeded
    assert f"/rosa/widget/commit/{shas[0]}" not in page
    assert f"/rosa/widget/commit/{shas[2]}" not in page
    assert f"/rosa/widget/commit/{run.head_sha}" in page


def test_a_wait_timer_counts_down(person: Client, run: Run, prod: Environment) -> None:
    Environment.objects.filter(pk=prod.pk).update(wait_timer=30)
    row = _pend(run, prod)
    assert "30 minutes from when the job began to wait" in _text(person, run)
    row.due_at, row.approved = timezone.now() + timedelta(minutes=5, seconds=30), True
    row.save()
    page = _text(person, run)
    assert f'data-until="{row.due_at:%Y-%m-%dT%H:%M:%SZ}">5m ' in page
    assert "Approved; rosa" in page
    assert 'data-until="' in person.get(f"/rosa/widget/actions/runs/{run.pk}").content.decode()


@pytest.mark.parametrize(
    ("protected", "policies", "words"),
    [
        (False, [], "any branch or tag"),
        (True, [], "any branch, and no tag"),
        (False, [("main", "branch"), ("release/*", "branch"), ("v*", "tag")], "branches main, release/*; tags v*"),
        (False, None, "nowhere"),
    ],
)
def test_the_rule_of_branches_in_words(
    person: Client,
    run: Run,
    prod: Environment,
    protected: bool,
    policies: list[tuple[str, str]] | None,
    words: str,
) -> None:
    _pend(run, prod)
    prod.protected_branches, prod.custom_branch_policies = protected, bool(policies) or policies is None
    prod.save()
    for name, kind in policies or ():
        BranchPolicy.objects.create(environment=prod, name=name, kind=kind)
    assert f"<dt>Deployed from</dt><dd>{words}</dd>" in _text(person, run)


def test_who_started_the_run_and_may_not_approve_it(
    person: Client, stranger: Client, run: Run, prod: Environment, other: Account
) -> None:
    _pend(run, prod)
    Environment.objects.filter(pk=prod.pk).update(prevent_self_review=True)
    page = _text(person, run)  # rosa started it
    assert "Nobody can approve it. rosa started this run and may not approve it here" in page
    assert "does not take an approval of your own runs" in page
    assert "Approve and deploy" not in page
    Reviewer.objects.create(environment=prod, user=other)
    assert "<dd>bea. rosa started this run" in _text(person, run)
    assert "Approve and deploy" in _text(stranger, run)


def test_decisions_stay_when_nothing_waits_any_more(person: Client, run: Run, prod: Environment) -> None:
    _pend(run, prod)
    sent = {"environment": [prod.pk], "decision": "reject", "comment": "Not on a Friday"}
    assert person.post(f"/rosa/widget/actions/runs/{run.pk}/deployments", sent).status_code == 303
    page = _text(person, run)
    assert "Nothing waits for a review" in page
    assert "<b>rosa</b> rejected prod" in page
    assert "Not on a Friday" in page


def test_more_environments_cost_no_more_queries(person: Client, run: Run, prod: Environment, rosa: Account) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            _text(person, run)
        return len(seen)

    _pend(run, prod)
    before = queries()
    for number in range(5):
        environment = environments.get_or_create(run.repository, f"stage{number}")
        Reviewer.objects.create(environment=environment, user=rosa)
        _pend(run, environment, f"stage{number}")
    assert queries() == before


def test_administrators_bypass_rules_for_a_reason_that_is_kept(
    person: Client, stranger: Client, run: Run, prod: Environment
) -> None:
    row, address = _pend(run, prod), f"/rosa/widget/actions/runs/{run.pk}/deployments"
    sent = {"environment": [prod.pk], "comment": "The site is down"}
    assert "Bypass the rules" not in _text(person, run)
    assert "There is nothing to bypass" in person.get(f"{address}/bypass").content.decode()
    assert person.post(f"{address}/bypass", sent).status_code == 403  # its rules let nobody pass
    Environment.objects.filter(pk=prod.pk).update(can_admins_bypass=True, wait_timer=60)
    assert "Bypass the rules" not in _text(stranger, run)
    assert stranger.post(f"{address}/bypass", sent).status_code == 403
    assert f'href="{address}/bypass"' in _text(person, run)
    for wrong in ({**sent, "comment": "  "}, {**sent, "environment": []}):
        assert person.post(f"{address}/bypass", wrong).status_code == 422
    row.refresh_from_db()
    assert row.state == PendingDeployment.State.WAITING
    assert person.post(f"{address}/bypass", sent)["Location"] == f"/rosa/widget/actions/runs/{run.pk}"
    row.refresh_from_db()
    assert row.state == PendingDeployment.State.PASSED
    page = _text(person, run)
    assert "<b>rosa</b> bypassed the rules of prod" in page
    assert "The site is down" in page
    told = person.get(f"/api/v3/repos/rosa/widget/actions/runs/{run.pk}/approvals").json()
    assert [(one["state"], one["comment"]) for one in told] == [("approved", "The site is down")]
    assert audit.queries(run_id=run.pk, action="deployment.bypassed").get().names == ["prod"]
