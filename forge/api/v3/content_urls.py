"""What is in a repository and who works there, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import archives
from forge.api.v3.base import repository_routes
from forge.api.v3.collaborators import CollaboratorPermissionView, CollaboratorsView, CollaboratorView
from forge.api.v3.commits import CommitsView, CommitView
from forge.api.v3.contents import ContentsView, FolderReadmeView, RawView, ReadmeView, RootContentsView
from forge.api.v3.git_refs import BranchesView, BranchView, MatchingRefsView, RefView, TagsView

urlpatterns: list[URLPattern | URLResolver] = [
    path("signed/archives/<str:token>", archives.signed),
    *repository_routes(
        ("branches", BranchesView),
        ("branches/<path:branch>", BranchView),
        ("collaborators", CollaboratorsView),
        ("collaborators/<str:username>", CollaboratorView),
        ("collaborators/<str:username>/permission", CollaboratorPermissionView),
        ("commits", CommitsView),
        ("commits/<path:ref>", CommitView),
        ("contents", RootContentsView),
        ("contents/", RootContentsView),
        ("contents/<path:path>", ContentsView),
        ("git/matching-refs/<path:git_ref>", MatchingRefsView),
        ("git/ref/<path:git_ref>", RefView),
        ("raw/<str:ref>/<path:path>", RawView),
        ("readme", ReadmeView),
        ("readme/<path:folder>", FolderReadmeView),
        ("tags", TagsView),
        ("tarball", archives.DefaultTarballView),
        ("tarball/<path:ref>", archives.TarballView),
        ("zipball", archives.DefaultZipballView),
        ("zipball/<path:ref>", archives.ZipballView),
    ),
]
