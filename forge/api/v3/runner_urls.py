"""Runners and their groups, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import runner_groups as groups
from forge.api.v3 import runners
from forge.api.v3.base import repository_routes

#: The permission for what an organisation's owners do with its runners.
_OF_ORGANIZATION = "organization_self_hosted_runners"
_ONE = "<int:runner_id>"
_GROUPS = "orgs/<str:org>/actions/runner-groups"
_GROUP = f"{_GROUPS}/<int:runner_group_id>"

_RUNNERS = (
    ("", runners.RunnersView),
    ("downloads", runners.RunnerDownloadsView),
    ("generate-jitconfig", runners.RunnerJitConfigView),
    ("registration-token", runners.RunnerTokenView),
    ("remove-token", runners.RunnerRemoveTokenView),
    (_ONE, runners.RunnerView),
    (f"{_ONE}/labels", runners.RunnerLabelsView),
    (f"{_ONE}/labels/<path:name>", runners.RunnerLabelView),
)

urlpatterns: list[URLPattern | URLResolver] = [
    path(_GROUPS, groups.RunnerGroupsView.as_view()),
    path(_GROUP, groups.RunnerGroupView.as_view()),
    path(f"{_GROUP}/repositories", groups.GroupRepositoriesView.as_view()),
    path(f"{_GROUP}/repositories/<int:repository_id>", groups.GroupRepositoryView.as_view()),
    path(f"{_GROUP}/runners", groups.GroupRunnersView.as_view()),
    path(f"{_GROUP}/runners/<int:runner_id>", groups.GroupRunnerView.as_view()),
    *(
        path(f"orgs/<str:org>/actions/runners/{rest}".rstrip("/"), view.as_view(permission=_OF_ORGANIZATION))
        for rest, view in _RUNNERS
    ),
    *repository_routes(*((f"actions/runners/{rest}".rstrip("/"), view) for rest, view in _RUNNERS)),
]
