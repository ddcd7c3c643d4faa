"""The type Repository, and the branch that it begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forge.accounts.models import Kind
from forge.accounts.needs import Need
from forge.api.graphql.asker import Asker
from forge.api.graphql.connections import NOTHING, Nothing
from forge.errors import Forbidden
from forge.repos import access, git
from forge.repos.models import Repository, Right
from forge.repos.shapes import node_id, webhook_repository

if TYPE_CHECKING:
    from forge.api.graphql.owners import Owner

_PERMISSIONS = {Right.ADMIN: "ADMIN", Right.WRITE: "WRITE", Right.READ: "READ", Right.NONE: None}
_HEADS = "refs/heads/"


@dataclass(frozen=True)
class GitObject:
    """A commit, as far as gh asks for it."""

    id: str
    oid: str


@dataclass(frozen=True)
class Ref:
    """A branch."""

    id: str
    name: str
    target: GitObject
    prefix: str = _HEADS


class RepositoryNode:
    """One repository as its asker sees it. What is a plain attribute here is the same for every repository:
    the things that Forge does not have."""

    type_name = "Repository"

    homepage_url = mirror_url = security_policy_url = archived_at = parent = template_repository = None
    primary_language = license_info = code_of_conduct = latest_release = disk_usage = None
    uses_custom_open_graph_image = is_fork = is_archived = is_disabled = is_locked = is_mirror = is_template = False
    is_user_configuration_repository = is_blank_issues_enabled = is_security_policy_enabled = False
    has_issues_enabled = has_projects_enabled = has_wiki_enabled = has_discussions_enabled = False
    merge_commit_allowed = rebase_merge_allowed = squash_merge_allowed = auto_merge_allowed = False
    delete_branch_on_merge = forking_allowed = viewer_has_starred = False
    fork_count = stargazer_count = 0
    contact_links: tuple[Any, ...] = ()
    funding_links = issue_templates = pull_request_templates = contact_links
    viewer_subscription = "UNSUBSCRIBED"
    viewer_default_merge_method = "MERGE"

    def __init__(self, row: Repository, asker: Asker) -> None:
        self.row, self._asker = row, asker
        self.id, self.database_id = node_id("Repository", row.pk), row.pk
        self.name, self.name_with_owner = row.name, row.full_name
        self.description = row.description or None
        self.created_at, self.updated_at = row.created_at, row.updated_at
        self.is_private, self.visibility = row.private, "PRIVATE" if row.private else "PUBLIC"
        self.is_in_organization = row.owner.kind == Kind.ORGANIZATION
        self.resource_path, self.url = f"/{row.full_name}", f"{asker.base}/{row.full_name}"

    @property
    def pushed_at(self) -> datetime:
        """As the REST API has it: a repository without a push was pushed when it was made."""
        return self.row.pushed_at or self.row.created_at

    @property
    def ssh_url(self) -> str:
        """As the REST API has it."""
        return str(webhook_repository(self.row, self._asker.base)["ssh_url"])

    @property
    def open_graph_image_url(self) -> str:
        """The owner's picture."""
        return self.owner.avatar_url()

    @cached_property
    def owner(self) -> Owner:
        """The user or organisation."""
        from forge.api.graphql.owners import owner_node  # the two types name each other

        return owner_node(self.row.owner, self._asker)

    @cached_property
    def default_branch_ref(self) -> Ref | None:
        """None while nothing was pushed to it."""
        if not git.path(self.row).exists():
            return None
        found = git.resolve(self.row, _HEADS + self.row.default_branch)
        if found is None:
            return None
        name, sha = found
        commit = GitObject(f"{node_id('Commit', self.row.pk)}{sha}", sha)
        return Ref(f"{node_id('Ref', self.row.pk)}{name}", name.removeprefix(_HEADS), commit)

    @property
    def is_empty(self) -> bool:
        """True while it has no branch."""
        return not git.path(self.row).exists() or not git.branches(self.row)

    @property
    def viewer_permission(self) -> str | None:
        """What the asker may do, in GitHub's word."""
        return _PERMISSIONS[self._asker.right(self.row)]

    @property
    def viewer_can_administer(self) -> bool:
        """True for administrators."""
        return self._asker.right(self.row) >= Right.ADMIN

    @property
    def viewer_default_commit_email(self) -> str | None:
        """The first of the possible ones."""
        return next(iter(self.viewer_possible_commit_emails), None)

    @property
    def viewer_possible_commit_emails(self) -> list[str]:
        """The asker's address, if its credential may read it."""
        account, may = self._asker.actor.account, self._asker.actor.allows("user:email")
        return [account.email] if account is not None and may and account.email else []

    def issues(self, **_: Any) -> Nothing:
        """There are none; a job needs the permission all the same."""
        return self._none_for("issues")

    def pull_requests(self, **_: Any) -> Nothing:
        """There are none; a job needs the permission all the same."""
        return self._none_for("pull-requests")

    def _none(self, **_: Any) -> Nothing:
        """None, for anybody who may read the repository."""
        return NOTHING

    assignable_users = mentionable_users = watchers = labels = languages = milestones = projects = _none
    repository_topics = _none

    def _none_for(self, permission: str) -> Nothing:
        need, actor = Need(permission, "read"), self._asker.actor
        if actor.kind == "job" and self.row.private and not actor.holds(need.permission, need.level):
            raise Forbidden(access.BY_INTEGRATION)
        return NOTHING
