"""Repositories, who may work in them, their refs, and pushes under way."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forge.accounts.models import Account, WorkflowPermissions


class Right(models.IntegerChoices):
    """What somebody may do in a repository; each includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


class Repository(models.Model):
    """One git repository. Its folder is named by id, so that renaming moves nothing."""

    class WorkflowAccess(models.TextChoices):
        """Who may call the workflows of a private repository, in GitHub's words: nobody else, or its owner's others."""

        NONE = "none"
        USER = "user"
        ORGANIZATION = "organization"

    owner = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="repositories")
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)
    description = models.CharField(max_length=350, blank=True, default="")
    private = models.BooleanField(default=False)
    #: What GITHUB_TOKEN may do where a workflow file does not say it; see ``workflow_permissions``.
    default_workflow_permissions = models.CharField(
        max_length=5, choices=WorkflowPermissions.choices, default=WorkflowPermissions.READ
    )
    can_approve_pull_request_reviews = models.BooleanField(default=False)
    default_branch = models.CharField(max_length=255, default="main")
    workflow_access = models.CharField(max_length=12, choices=WorkflowAccess.choices, default=WorkflowAccess.NONE)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)
    pushed_at = models.DateTimeField(null=True)
    #: Set first when a repository is deleted: it does not exist for anybody from then on.
    deleted_at = models.DateTimeField(null=True)
    #: Counter of run_index; moved under the row's lock.
    last_run_index = models.PositiveBigIntegerField(default=0)
    #: Exact number of runs, for lists without a filter.
    run_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name_key"], condition=models.Q(deleted_at=None), name="repository_name"
            ),
            models.CheckConstraint(
                condition=models.Q(default_workflow_permissions__in=WorkflowPermissions.values),
                name="repository_workflow_permissions",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def full_name(self) -> str:
        """``owner/name`` in the spelling they were given (select_related("owner") first)."""
        return f"{self.owner.login}/{self.name}"


class Collaborator(models.Model):
    """A right given to one user in one repository."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="collaborators")
    user = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    right = models.PositiveSmallIntegerField(choices=Right.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "user"], name="collaborator_once")]


class FeedToken(models.Model):
    """Lets a feed reader, which cannot log in, read one repository's feed as one user.

    Only its sha256 is kept. It opens ``.atom`` addresses and nothing else.
    """

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "user"], name="feed_token_once")]


class Ref(models.Model):
    """What Forge last turned into an event for a ref. Its row lock orders the events of the ref."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="refs")
    name = models.CharField(max_length=512)  # refs/heads/main
    sha = models.CharField(max_length=64)  # forty zeros after a delete
    #: Number of the newest event of this ref.
    sequence = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "name"], name="ref_once")]


class Push(models.Model):
    """A push under way: written before receive-pack gets the commands, settled after it answered.

    One that stays ``prepared`` belongs to a process that died; a sweep settles it from the refs.
    """

    class State(models.TextChoices):
        """Where the push stands."""

        PREPARED = "prepared"
        SETTLED = "settled"

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="pushes")
    pusher = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    #: A job pushed, with its GITHUB_TOKEN: such a push starts no runs, so that none starts itself for ever.
    by_job = models.BooleanField(default=False)
    #: [{"ref", "before", "after"}] as the client asked.
    commands = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PREPARED)
    #: Renewed by the process that carries the push while it lives.
    alive_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["alive_at"], condition=models.Q(state="prepared"), name="push_prepared"),
        ]


class ActionsPolicy(models.Model):
    """What a repository, or an organisation for all of its repositories, allows of workflows. A scope without a row
    has the defaults of this model. ``policies`` says what follows."""

    class Enabled(models.TextChoices):
        """Which repositories of an organisation may; GitHub's words."""

        ALL = "all"
        SELECTED = "selected"
        NONE = "none"

    class Allowed(models.TextChoices):
        """Whose actions and called workflows may be used; GitHub's words."""

        ALL = "all"
        LOCAL_ONLY = "local_only"
        SELECTED = "selected"

    class ForkApproval(models.TextChoices):
        """Whose pull requests from forks wait for an approval; GitHub's words."""

        NEW_TO_GITHUB = "first_time_contributors_new_to_github"
        FIRST_TIME = "first_time_contributors"
        ALL_EXTERNAL = "all_external_contributors"

    repository = models.OneToOneField(Repository, null=True, on_delete=models.CASCADE, related_name="actions_policy")
    organization = models.OneToOneField(Account, null=True, on_delete=models.CASCADE, related_name="actions_policy")
    #: Of a repository: whether workflows run at all.
    enabled = models.BooleanField(default=True)
    #: Of an organisation: in which repositories they run.
    enabled_repositories = models.CharField(max_length=8, choices=Enabled.choices, default=Enabled.ALL)
    selected_repositories = models.ManyToManyField(Repository, related_name="+")
    #: Whose actions; empty: nothing was chosen, so what the organisation says holds, else ``all``.
    allowed_actions = models.CharField(max_length=10, choices=Allowed.choices, blank=True, default="")
    sha_pinning_required = models.BooleanField(default=False)
    github_owned_allowed = models.BooleanField(default=True)
    verified_allowed = models.BooleanField(default=False)
    patterns_allowed = models.JSONField(default=list)
    #: Days that logs and artifacts are kept; null: what the organisation says, else the default.
    retention_days = models.PositiveSmallIntegerField(null=True)
    fork_approval = models.CharField(max_length=40, choices=ForkApproval.choices, blank=True, default="")
    run_workflows_from_fork_pull_requests = models.BooleanField(default=False)
    send_write_tokens_to_workflows = models.BooleanField(default=False)
    send_secrets_and_variables = models.BooleanField(default=False)
    require_approval_for_fork_pr_workflows = models.BooleanField(default=False)
    #: Of an organisation: which repositories may have runners of their own.
    runner_repositories = models.CharField(max_length=8, choices=Enabled.choices, default=Enabled.ALL)
    selected_runner_repositories = models.ManyToManyField(Repository, related_name="+")
    #: The claims that make up ``sub`` of an OIDC token; a repository may leave it to GitHub's default.
    oidc_default = models.BooleanField(default=True)
    oidc_claim_keys = models.JSONField(default=list)
    #: Gigabytes of the caches of a repository; null: the default.
    cache_limit_gb = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(repository__isnull=False, organization=None)
                | models.Q(repository=None, organization__isnull=False),
                name="actions_policy_one_scope",
            ),
        ]
