"""The pages. Fixed words come first; then an owner's name, which is never one of them."""

from django.urls import URLPattern, URLResolver, include, path

from forge.web import (
    accounts,
    bulk,
    code,
    deployments,
    dispatch,
    edit,
    job,
    job_log,
    mine,
    preferences,
    repositories,
    run,
    run_file,
    run_left,
    run_verbs,
    runners,
    runs,
    stream,
    styles,
    workflows,
)

_R = "<str:owner>/<str:name>"
_RUN = f"{_R}/actions/runs/<int:run_id>"
_JOB = f"{_RUN}/job/<int:job_id>"


def _runners(base: str, name: str) -> list[URLPattern]:
    """The page of a scope's runners and what is done there."""
    return [
        path(base, runners.listing, name=name),
        path(f"{base}/events", runners.events, name=f"{name}-events"),
        path(f"{base}/new", runners.new, name=f"{name}-new"),
        path(f"{base}/<int:runner_id>/drain", runners.drain, name=f"{name}-drain"),
        path(f"{base}/<int:runner_id>/remove", runners.remove, name=f"{name}-remove"),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("", accounts.home, name="home"),
    path("login", accounts.log_in, name="login"),
    path("logout", accounts.log_out, name="logout"),
    path("-/preferences", preferences.choose, name="preferences"),
    path("-/styles/<str:names>", styles.serve, name="styles"),
    *_runners("-/admin/runners", "site-runners"),
    *_runners("-/organizations/<str:login>/runners", "organization-runners"),
    path("-/actions/mine", mine.listing, name="mine"),
    path("new", repositories.new, name="new-repository"),
    path("settings/tokens", accounts.access_tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke", accounts.revoke_token, name="revoke-token"),
    path("", include("forge.web.feed_urls")),
    path("<str:owner>", accounts.owner, name="owner"),
    path(_R, repositories.show, name="repository"),
    path(f"{_R}/settings", repositories.config, name="repository-settings"),
    *_runners(f"{_R}/settings/runners", "repository-runners"),
    path(f"{_R}/tree/<path:rest>", code.tree, name="tree"),
    path(f"{_R}/blob/<path:rest>", code.blob, name="blob"),
    path(f"{_R}/raw/<path:rest>", code.raw, name="raw"),
    path(f"{_R}/commits/<path:rest>", code.commits, name="commits"),
    path(f"{_R}/commit/<str:sha>", code.commit, name="commit"),
    path(f"{_R}/new/<path:rest>", edit.new, name="new-file"),
    path(f"{_R}/edit/<path:rest>", edit.edit, name="edit-file"),
    path(f"{_R}/delete/<path:rest>", edit.delete, name="delete-file"),
    path(f"{_R}/actions", runs.listing, name="runs"),
    path(f"{_R}/actions/events", stream.list_events, name="runs-events"),
    path(f"{_R}/actions/cancel", bulk.cancel, name="cancel-runs"),
    path(f"{_R}/actions/delete", bulk.delete, name="delete-runs"),
    path(f"{_R}/actions/workflows/<str:file>", runs.listing, name="workflow-runs"),
    path(f"{_R}/actions/workflows/<str:file>/dispatch", dispatch.form, name="dispatch"),
    path(f"{_R}/actions/workflows/<str:file>/enable", workflows.enable, name="enable-workflow"),
    path(f"{_R}/actions/workflows/<str:file>/disable", workflows.disable, name="disable-workflow"),
    path(f"{_R}/actions/workflows/<str:file>/badge", workflows.badge, name="workflow-badge"),
    path(_RUN, run.summary, name="run"),
    path(f"{_RUN}/attempts/<int:number>", run.summary, name="run-attempt"),
    path(f"{_RUN}/workflow", run_file.show, name="run-workflow"),
    path(f"{_RUN}/events", stream.run_events, name="run-events"),
    path(f"{_RUN}/cancel", run_verbs.cancel, name="run-cancel"),
    path(f"{_RUN}/force-cancel", run_verbs.cancel, {"force": True}, name="run-force-cancel"),
    path(f"{_RUN}/rerun", run_verbs.rerun, name="run-rerun"),
    path(f"{_RUN}/rerun-failed", run_verbs.rerun, {"failed": True}, name="run-rerun-failed"),
    path(f"{_RUN}/approve", run_verbs.approve, name="run-approve"),
    path(f"{_RUN}/deployments", deployments.review, name="run-deployments"),
    path(f"{_RUN}/delete", run_verbs.delete, name="run-delete"),
    path(f"{_RUN}/delete-logs", run_verbs.delete_logs, name="run-delete-logs"),
    path(f"{_RUN}/logs", run_left.all_logs, name="run-logs"),
    path(f"{_RUN}/attempts/<int:number>/logs", run_left.all_logs, name="run-attempt-logs"),
    path(f"{_RUN}/artifacts/<int:artifact_id>", run_left.artifact, name="run-artifact"),
    path(f"{_RUN}/artifacts/<int:artifact_id>/delete", run_left.delete_artifact, name="run-artifact-delete"),
    path(_JOB, job.show, name="job"),
    path(f"{_JOB}/rerun", run_verbs.rerun_job, name="job-rerun"),
    path(f"{_JOB}/events", stream.job_events, name="job-events"),
    path(f"{_JOB}/summary", run_left.summary, name="job-summary"),
    path(f"{_JOB}/log", job_log.raw, name="job-log"),
    path(f"{_JOB}/log/at/<int:offset>", run_left.log_place, name="job-log-place"),
    path(f"{_JOB}/log/lines", job_log.lines, name="job-lines"),
    path(f"{_JOB}/log/search", job_log.search, name="job-search"),
]
