"""Every field of the schema has an answer."""

from __future__ import annotations

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from forge.accounts import users
from forge.api.graphql.schema import schema
from tests import factories
from tests.forge.api.graphql.conftest import as_

ROOTS = {
    "Query": "{%s}",
    "RateLimit": "{rateLimit{%s}}",
    "User": "{viewer{%s}}",
    "Organization": '{organization(login: "acme") {%s}}',
    "Repository": '{repository(owner: "alice", name: "a") {%s}}',
    "Ref": '{repository(owner: "alice", name: "a") {defaultBranchRef{%s}}}',
    "GitObject": '{repository(owner: "alice", name: "a") {defaultBranchRef{target{%s}}}}',
    "RepositoryConnection": "{viewer{repositories(first: 1) {%s}}}",
    "RepositoryEdge": "{viewer{repositories(first: 1) {edges{%s}}}}",
    "PageInfo": "{viewer{repositories(first: 1) {pageInfo{%s}}}}",
    "OrganizationConnection": "{viewer{organizations(first: 1) {%s}}}",
    "OrganizationEdge": "{viewer{organizations(first: 1) {edges{%s}}}}",
    "SearchResultItemConnection": '{search(type: REPOSITORY, query: "a", first: 1) {%s}}',
    "SearchResultItemEdge": '{search(type: REPOSITORY, query: "a", first: 1) {edges{%s}}}',
    "LabelConnection": '{repository(owner: "alice", name: "a") {labels{%s}}}',
    "LanguageConnection": '{repository(owner: "alice", name: "a") {languages{%s}}}',
}
ARGUMENTS = {"login": '"acme"', "owner": '"alice"', "name": '"a"', "query": '"a"', "type": "REPOSITORY", "first": "1"}


@pytest.mark.parametrize("name", ROOTS)
def test_every_field_of_a_type_is_answered(name: str, db: None) -> None:
    alice = factories.account("alice")
    users.create_organization("acme", alice)
    factories.repository(users.find("acme"), "a")
    factories.push(factories.repository(alice, "a"), {"README.md": "a"}, "refs/heads/main")
    asked = as_(alice, "repo", "read:org", "user")
    kind = schema().get_type(name)
    assert isinstance(kind, GraphQLObjectType)
    fields = [written(one, field) for one, field in kind.fields.items() if (name, one) != ("Query", "user")]

    found = asked.data(ROOTS[name] % " ".join(fields))

    while len(found) == 1 and name != "Query":
        found = next(iter(found.values()))
        found = found[0] if isinstance(found, list) else found
    assert len(found) == len(fields)


def written(name: str, field: GraphQLField) -> str:
    """The field with all that it needs."""
    given = [f"{one}: {ARGUMENTS[one]}" for one in field.args if one in ARGUMENTS]
    below = "" if is_leaf_type(get_named_type(field.type)) else " {__typename}"
    return name + (f"({', '.join(given)})" if given else "") + below


def test_types_without_a_class_are_never_answered() -> None:
    """They stand below lists that are always empty and below fields that are always null."""
    others = {
        kind.name
        for kind in schema().type_map.values()
        if isinstance(kind, GraphQLObjectType)
        and not kind.name.startswith("__")
        and kind.name not in (*ROOTS, "Mutation", "CreateRepositoryPayload")
    }
    empty = ("Label", "Language", "Milestone", "Project", "Topic", "Release", "License", "CodeOfConduct", "FundingLink")
    empty += ("Issue", "PullRequest", "RepositoryContactLink", "RepositoryTopic", "UserConnection", "UserEdge")
    assert [one for one in sorted(others) if not one.startswith(empty)] == []


def test_every_order_and_filter_of_repositories_is_understood(db: None) -> None:
    alice = factories.account("alice")
    for name in ("b", "a"):
        factories.repository(alice, name)
    asked = as_(alice)
    for field in ("CREATED_AT", "UPDATED_AT", "PUSHED_AT", "NAME", "STARGAZERS"):
        query = f"{{viewer{{repositories(first: 9, orderBy: {{field: {field}, direction: ASC}}) {{nodes{{name}}}}}}}}"
        nodes = asked.data(query)["viewer"]["repositories"]["nodes"]
        assert [one["name"] for one in nodes] == (["a", "b"] if field == "NAME" else ["b", "a"])
    for given, count in (
        ("isFork: false", 2),
        ("isFork: true", 0),
        ("isArchived: true", 0),
        ("isLocked: false", 2),
        ("privacy: PUBLIC", 2),
        ("visibility: PRIVATE", 0),
        ("visibility: INTERNAL", 0),
        ("affiliations: OWNER", 2),
        ("affiliations: [COLLABORATOR]", 0),
        ("ownerAffiliations: []", 2),
        ("ownerAffiliations: [ORGANIZATION_MEMBER]", 0),
        ("ownerAffiliations: null", 2),
        ("orderBy: null", 2),
    ):
        query = f"{{viewer{{repositories({given}) {{totalCount}}}}}}"
        assert asked.data(query)["viewer"]["repositories"]["totalCount"] == count, given
    assert asked.data('{viewer{repository(name: "a") {name owner{... on User{isViewer} __typename}}}}') == {
        "viewer": {"repository": {"name": "a", "owner": {"isViewer": True, "__typename": "User"}}}
    }
