"""Queries that are wrong, and queries that want too much: an error each, soon, and never a fault."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query
from pytest_django import DjangoAssertNumQueries

from forge.accounts import users
from forge.accounts.models import Account
from forge.api.graphql import limits
from forge.api.graphql.schema import schema
from tests import factories
from tests.forge.api.graphql.conftest import Asked, as_

#: What is sent, and what is said of it.
HOSTILE: dict[str, tuple[str, str]] = {
    "no query": ("hello", "Syntax Error"),
    "an unknown field": ("{viewer{nothing}}", "Cannot query field 'nothing' on type 'User'."),
    "an unknown type": ("{... on Nothing {id}}", "Unknown type 'Nothing'."),
    "no selection": ("{viewer}", "must have a selection of subfields"),
    "a subscription": ("subscription {viewer{login}}", "subscription operation is not supported"),
    "two operations": ("query a{viewer{login}} query b{viewer{login}}", "operationName"),
    "only a fragment": ("fragment a on Query{viewer{login}}", "is never used"),
    "much text": ("{" + "a" * limits.TEXT + "}", "too long"),
    "many tokens": ("{viewer{login " + "@a " * limits.TOKENS + "}}", "more than 6000 tokens"),
    "many fields": ("{" + " ".join(f"a{n}:__typename" for n in range(limits.SELECTIONS + 1)) + "}", "selects too much"),
    "one field over and over": ("{viewer{" + "login " * (limits.REPETITIONS + 2) + "}}", "repeats too many names"),
    "braces in braces": ("{viewer" * 2000 + "}" * 2000, "nested too deeply"),
    "lists in lists": ("{user(login: " + "[" * 3000 + "]" * 3000 + "){id}}", "nested too deeply"),
    "deep fragments": (
        "".join(f"fragment f{n} on Query{{...f{n + 1}}} " for n in range(40))
        + "fragment f40 on Query{__typename} {...f0}",
        "nested too deeply: 25",
    ),
    "fragments that double": (
        "".join(f"fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}} " for n in range(20))
        + "fragment f20 on Query{__typename} {...f0}",
        "repeats too many names",
    ),
    "a fragment in itself": ("fragment a on Query{...b} fragment b on Query{...a} {...a}", "nested too deeply"),
    "many fragments": (
        " ".join(f"fragment f{n} on Query{{__typename}}" for n in range(limits.DEFINITIONS)) + "{__typename}",
        "too many operations and fragments",
    ),
    "a NUL": ('{user(login: "a\\u0000b"){id}}', "NUL"),
    "a NUL in braces": ('{user(login: "a\\u{0}b"){id}}', "NUL"),
    "half a character": ('{user(login: "\\ud800"){id}}', "Syntax Error"),
    "many lists": (
        "{viewer{" + " ".join(f"a{n}:repositories(first:1){{totalCount}}" for n in range(limits.LISTS + 1)) + "}}",
        "too many lists",
    ),
    "lists in a list": (
        "{viewer{repositories(first:100){nodes{owner{repositories(first:100){nodes{name}}}}}}}",
        "too many lists",
    ),
    "many values": (
        "{viewer{repositories(first:100){nodes{" + " ".join(f"a{n}:name" for n in range(400)) + "}}}}",
        "asks for too much",
    ),
    "the schema many times": (
        "{" + " ".join(f"a{n}:__schema{{types{{fields{{name}}}}}}" for n in range(100)) + "}",
        "asks for too much",
    ),
    "a type many times": (
        "{" + " ".join(f'a{n}:__type(name:"Repository"){{fields{{name}}}}' for n in range(300)) + "}",
        "asks for too much",
    ),
    "types of types": ("{__schema{types{fields{type{fields{type{fields{name}}}}}}}}", "Maximum introspection depth"),
    "many changes": (
        "mutation{"
        + " ".join(
            f'a{n}:createRepository(input:{{name:"r{n}",visibility:PUBLIC}}){{clientMutationId}}' for n in range(6)
        )
        + "}",
        "too many changes",
    ),
    "a page too large": ("{viewer{repositories(first:101){nodes{name}}}}", "Requesting 101 records"),
    "a page below zero": ("{viewer{repositories(last:-1){nodes{name}}}}", "Requesting -1 records"),
    "no page": ("{viewer{repositories{nodes{name}}}}", "You must provide a `first` or `last`"),
    "both pages": ("{viewer{repositories(first:1,last:1){nodes{name}}}}", "You must provide a `first` or `last`"),
    "no cursor": ('{viewer{repositories(first:1,after:"x"){nodes{name}}}}', "valid cursor"),
    "a cursor of words": ('{viewer{repositories(first:1,after:"Y3Vyc29yOnYxOng="){nodes{name}}}}', "valid cursor"),
    "a cursor of nothing": (
        '{viewer{repositories(first:1,after:"Y3Vyc29yOnYxOjk5OTk5"){nodes{name}}}}',
        "valid cursor",
    ),
    "a number too large": ("{viewer{repositories(first:99999999999999){nodes{name}}}}", "Int cannot represent"),
    "a user's name that is none": ('{user(login: "' + "x" * 5000 + '"){id}}', "Could not resolve to a User"),
    "an organisation for a user": (
        '{user(login: "acme"){id}}',
        "Could not resolve to a User with the login of 'acme'.",
    ),
    "a user for an organisation": ('{organization(login: "alice"){id}}', "Could not resolve to an Organization"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_query_that_is_refused(name: str, asked: Asked, alice: Account) -> None:
    users.create_organization("acme", alice)
    query, said = HOSTILE[name]

    found = asked(query)

    assert said in found["errors"][0]["message"], found["errors"]
    assert len(found["errors"]) <= 21
    assert all(len(one["message"]) < 6000 for one in found["errors"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'[{"query": "{viewer{login}}"}]',
        b"null",
        {},
        {"query": None},
        {"query": ""},
        {"query": ["a"]},
        {"query": "{viewer{login}}", "variables": "{}"},
        {"query": "{viewer{login}}", "variables": [1]},
        {"query": "{viewer{login}}", "operationName": 5},
        b'{"query": "{viewer{login}}", "variables": {"a": ' + b"[" * 100_000 + b"}}",
        b'{"query": "query($o: String!){user(login: $o){id}}", "variables": {"o": "a\\u0000"}}',
    ],
)
def test_a_body_that_is_no_query(body: Any, asked: Asked) -> None:
    answer = asked.post(body)
    assert (answer.status_code, answer.json()["status"]) == (400, "400"), answer.content


@pytest.mark.parametrize(
    "body", [{"variables": None}, {}, {"operationName": "a"}, {"extensions": {}, "operationName": None}]
)
def test_what_may_be_left_out(body: dict[str, Any], asked: Asked) -> None:
    answer = asked.post({"query": "query a{viewer{login}}", **body})
    assert answer.json() == {"data": {"viewer": {"login": "Alice"}}}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "to be provided"),
        ({"owner": None}, "not to be None"),
        ({"owner": 5}, "String cannot represent"),
        ({"owner": {"a": 1}}, "String cannot represent"),
        ({"owner": "x" * 100_000}, "Could not resolve"),
        ({"owner": [["a"] * 1000] * 100}, "String cannot represent"),
    ],
)
def test_variables_of_the_wrong_kind(variables: dict[str, Any], said: str, asked: Asked) -> None:
    found = asked('query($owner: String!) {repository(owner: $owner, name: "a") {id}}', **variables)
    assert said in found["errors"][0]["message"]


def test_a_list_that_is_counted_by_its_variable(asked: Asked, alice: Account) -> None:
    users.create_organization("acme", alice)
    query = "query($n: Int!) {viewer{organizations(first: $n) {nodes{login repositories(first: 5) {totalCount}}}}}"

    found = asked.data(query, n=9)

    assert found["viewer"]["organizations"]["nodes"] == [{"login": "acme", "repositories": {"totalCount": 0}}]
    assert "too many lists" in asked.refused(query, n=10)[0][1]


def test_pages_from_both_ends(asked: Asked, alice: Account) -> None:
    for name in "abcde":
        factories.repository(alice, name)
    query = """
        query($first: Int, $after: String, $last: Int, $before: String, $down: OrderDirection = ASC) {viewer{
            repositories(
                first: $first, after: $after, last: $last, before: $before, orderBy: {field: NAME, direction: $down}
            ) {
                edges{cursor node{name}} nodes{name} totalCount
                pageInfo{hasNextPage hasPreviousPage startCursor endCursor}
            }
        }}
    """

    def page(**given: Any) -> tuple[str, bool, bool]:
        found = asked.data(query, **given)["viewer"]["repositories"]
        assert [one["node"] for one in found["edges"]] == found["nodes"]
        assert found["totalCount"] == 5
        info, cursors = found["pageInfo"], [one["cursor"] for one in found["edges"]]
        assert (info["startCursor"], info["endCursor"]) == ((cursors[0], cursors[-1]) if cursors else (None, None))
        return "".join(one["name"] for one in found["nodes"]), info["hasPreviousPage"], info["hasNextPage"]

    cursors = {
        one["node"]["name"]: one["cursor"] for one in asked.data(query, first=5)["viewer"]["repositories"]["edges"]
    }
    assert page(first=2) == ("ab", False, True)
    assert page(first=2, after=cursors["b"]) == ("cd", True, True)
    assert page(first=2, after=cursors["d"]) == ("e", True, False)
    assert page(first=9, after=cursors["e"]) == ("", True, False)
    assert page(last=2) == ("de", True, False)
    assert page(last=2, before=cursors["d"]) == ("bc", True, True)
    assert page(last=9, before=cursors["c"]) == ("ab", False, True)
    assert page(first=9, after=cursors["a"], before=cursors["d"]) == ("bc", True, False)
    assert page(first=2, down="DESC") == ("ed", False, True)
    assert page(first=2, after=cursors["d"], down="DESC") == ("cb", True, True)
    assert page(first=0) == ("", False, True)


def test_the_schema_can_be_read_whole(asked: Asked) -> None:
    found = asked.data(get_introspection_query())
    assert {one["name"] for one in found["__schema"]["types"]} == set(schema().type_map)


def test_a_count_fetches_no_rows(
    asked: Asked, alice: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.repository(alice)
    asked("{viewer{login}}")
    with django_assert_num_queries(2):
        assert asked.data("{viewer{repositories{totalCount}}}") == {"viewer": {"repositories": {"totalCount": 1}}}


def test_rate_limit(asked: Asked) -> None:
    found = asked.data("{rateLimit{limit remaining used cost resetAt}}")["rateLimit"]
    assert (found["limit"], found["remaining"], found["used"], found["cost"]) == (5000, 4999, 1, 1)


def test_too_many_queries_are_a_429(alice: Account, settings: Any) -> None:
    settings.RATE_LIMIT = 1
    asked = as_(alice)
    assert asked.post({"query": "{viewer{login}}"}).status_code == 200
    answer = asked.post({"query": "{viewer{login}}"})
    assert (answer.status_code, answer["X-RateLimit-Remaining"], int(answer["Retry-After"]) > 0) == (429, "0", True)
