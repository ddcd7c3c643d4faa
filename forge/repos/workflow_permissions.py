"""What GITHUB_TOKEN may do where workflow files say nothing: a setting of repositories and organisations.

An organisation's setting is the most that its repositories may choose.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge.accounts.models import Account, Kind, WorkflowPermissions
from forge.errors import Conflict, FieldError, Invalid
from forge.repos.models import Repository

_PREVENTED = "The organization's setting does not allow its repositories to choose this"


@dataclass(frozen=True)
class Setting:
    """The default of GITHUB_TOKEN, ``read`` or ``write``, and whether jobs may approve pull requests."""

    default: str
    can_approve: bool

    @property
    def permissive(self) -> bool:
        """True when tokens write unless a file says otherwise."""
        return self.default == WorkflowPermissions.WRITE


def of(repository: Repository) -> Setting:
    """What holds in a repository (with its owner): its own choice, as far as its organisation allows it."""
    own = _of_row(repository)
    return own if repository.owner.kind != Kind.ORGANIZATION else _lower(own, _of_row(repository.owner))


def of_organization(organization: Account) -> Setting:
    """What an organisation allows."""
    return _of_row(organization)


def change(repository: Repository, *, default: str | None, can_approve: bool | None) -> None:
    """Choose for one repository; what is None stays. Conflict when its organisation prevents it."""
    wanted = _changed(_of_row(repository), default, can_approve)
    if repository.owner.kind == Kind.ORGANIZATION:
        limit = _of_row(repository.owner)
        if (default and wanted.permissive and not limit.permissive) or (can_approve and not limit.can_approve):
            raise Conflict(_PREVENTED)
    _save(Repository, repository.pk, wanted)


def change_organization(organization: Account, *, default: str | None, can_approve: bool | None) -> None:
    """Choose for an organisation; what is None stays."""
    _save(Account, organization.pk, _changed(_of_row(organization), default, can_approve))


def _of_row(row: Repository | Account) -> Setting:
    return Setting(row.default_workflow_permissions, row.can_approve_pull_request_reviews)


def _lower(own: Setting, limit: Setting) -> Setting:
    default = WorkflowPermissions.WRITE if own.permissive and limit.permissive else WorkflowPermissions.READ
    return Setting(default.value, own.can_approve and limit.can_approve)


def _changed(now: Setting, default: str | None, can_approve: bool | None) -> Setting:
    if default is not None and default not in WorkflowPermissions.values:
        words = " or ".join(WorkflowPermissions.values)
        message = f"default_workflow_permissions must be {words}"
        raise Invalid(message, [FieldError("WorkflowPermissions", "default_workflow_permissions", "invalid", message)])
    return Setting(default or now.default, now.can_approve if can_approve is None else can_approve)


def _save(model: type[Repository] | type[Account], pk: int, wanted: Setting) -> None:
    model._default_manager.filter(pk=pk).update(
        default_workflow_permissions=wanted.default, can_approve_pull_request_reviews=wanted.can_approve
    )
