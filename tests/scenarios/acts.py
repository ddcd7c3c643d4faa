"""What a case lets happen: each act is a function of the player and the act's value. README.md describes them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nacl.public import PublicKey, SealedBox

if TYPE_CHECKING:
    from tests.scenarios.player import Player

Act = Callable[["Player", Any], None]


def push(player: Player, value: Mapping[str, Any] | None) -> None:
    """Commit and push; the first push brings the case's files."""
    said = dict(value or {})
    clone = player.clone
    gone = _list(said.pop("delete", ()))
    branch = said.pop("branch", "main")
    tags, refs = _list(said.pop("tag", ())), _list(said.pop("refs", ()))
    files = said.pop("files", {})
    if not player.pushed:
        files = {**player.case.files, **files}
    messages = _list(said.pop("message", "Change"))
    orphan = said.pop("orphan", False)
    bare = said.pop("commit", True) is False or bool(gone and not files)
    assert not said, f"push: {sorted(said)} is not known"
    wanted = []
    if not bare:
        for number, message in enumerate(messages):
            clone.commit(branch, files if number == 0 else {}, message, orphan=orphan and number == 0)
    tip = clone.at(f"refs/heads/{branch}") if not gone else ""
    wanted = [f"refs/tags/{tag}" for tag in tags] + refs
    for ref in wanted:
        clone.point(ref, tip)
    if not gone and not (tags and player.pushed and bare):
        wanted = wanted if refs else [f"refs/heads/{branch}", *wanted]
    clone.push(wanted, gone=gone)
    player.pushed = True


def dispatch(player: Player, value: Mapping[str, Any] | str | None) -> None:
    """Start a workflow by hand; with ``refused`` the server must say so, and what is wrong."""
    said = {"workflow": value} if isinstance(value, str) else dict(value or {})
    player.read()
    body = {"ref": said.get("ref", "main")} | ({"inputs": said["inputs"]} if "inputs" in said else {})
    answer = player.api("POST", f"/actions/workflows/{said.get('workflow', 'ci.yml')}/dispatches", body)
    _answered(answer, said, 204)


def api(player: Player, value: Mapping[str, Any]) -> None:
    """Any call of the REST API; ``{repository}``, ``{run}``, ``{job NAME}`` and ``{group NAME}`` stand for ids."""
    path = str(value["path"]).replace("{repository}", str(player.repository_id))
    if "{group " in path:
        before, _, rest = path.partition("{group ")
        name, _, after = rest.partition("}")
        path = f"{before}{_group(player, name)}{after}"
    if "{run}" in path:
        path = path.replace("{run}", str(player.run(value.get("run"))["id"]))
    if "{job " in path:
        before, _, rest = path.partition("{job ")
        name, _, after = rest.partition("}")
        path = f"{before}{player.job(player.run(value.get('run')), name)['id']}{after}"
    answer = player.api(value.get("method", "POST"), path, value.get("json"))
    assert answer.status_code == value.get("status", 200), f"{path}: {answer.status_code} {answer.text}"
    assert value.get("says", "") in answer.text, f"{path}: {answer.text}"


def _group(player: Player, name: str) -> int:
    """The id of a runner group of the organisation that owns the repository."""
    listed = player.api("GET", f"/api/v3/orgs/{player.owner}/actions/runner-groups?per_page=100", expect=200).json()
    return next(int(one["id"]) for one in listed["runner_groups"] if one["name"] == name)


def secret(player: Player, value: Mapping[str, Any]) -> None:
    """Seal a value and set it: of the repository, or ``at`` its organization or an environment of it."""
    places = {
        "repository": f"/repos/{player.owner}/{player.name}/actions",
        "organization": f"/orgs/{player.owner}/actions",
        "environment": f"/repos/{player.owner}/{player.name}/environments/{value.get('environment')}",
    }
    place = f"/api/v3{places[value.get('at', 'repository')]}/secrets"
    key = player.api("GET", f"{place}/public-key", expect=200).json()
    box = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(str(value["value"]).encode())
    body: dict[str, Any] = {"encrypted_value": base64.b64encode(box).decode(), "key_id": key["key_id"]}
    if "visibility" in value:
        body["visibility"] = value["visibility"]
    if value.get("visibility") == "selected":
        body["selected_repository_ids"] = [player.repository_id]
    answer = player.api("PUT", f"{place}/{value['name']}", body)
    assert answer.status_code in (201, 204), f"{place}: {answer.status_code} {answer.text}"


def of_run(path: str, done: int, *, over: bool) -> Act:
    """An act upon a run: its number, or the newest. Those on finished runs wait for the end."""

    def act(player: Player, value: Any) -> None:
        said = value if isinstance(value, Mapping) else {"run": value}
        run = player.run(said.get("run"))
        if over:
            player.ended(run)
        _answered(player.api("POST", path.replace("{run}", str(run["id"])), said.get("json")), said, done)

    return act


def of_job(path: str, done: int, *, over: bool) -> Act:
    """An act upon a job, by its name."""

    def act(player: Player, value: Any) -> None:
        said = value if isinstance(value, Mapping) else {"job": value}
        run = player.run(said.get("run"))
        if over:
            player.ended(run)
        if "attempt" in said:
            [job] = [one for one in player.jobs(run, said["attempt"]) if one["name"] == said["job"]]
        else:
            job = player.job(run, said["job"])
        _answered(player.api("POST", path.replace("{job}", str(job["id"])), said.get("json")), said, done)

    return act


def wait(player: Player, value: Mapping[str, Any]) -> None:
    """Returns when a run, a job or a step stands at a status, or so many runs are there or over."""
    if "runs" in value:
        player.run(int(value["runs"]))
        return
    run = player.run(value.get("run"))
    if value.get("status") == "completed" and "job" not in value:
        player.ended(run)
        return
    kinds = ("step",) if "step" in value else ("job",) if "job" in value else ("attempt",)
    player.until(run, lambda: _stands(player, run, value), kinds, str(dict(value)))


def read(player: Player, value: None) -> None:
    """All that was pushed has been read, whether it made runs or not."""
    player.read()


def due(player: Player, value: int) -> None:
    """Every cron line of the repository has been due for so many minutes, as after a time without a server."""
    player.stage.rows.make_due(player.repository_id, int(value))


def see(player: Player, value: Any) -> None:
    """The runs look so at this moment: the newest, or as many of the last ones as are given."""
    wanted = value if isinstance(value, list) else [value]
    player.run(len(wanted))
    for one, run in zip(wanted, player.runs()[-len(wanted) :], strict=True):
        player.compare(one, run, "at that time: ")


def start(player: Player, name: str) -> None:
    """Start an agent of the case, for this repository alone; with a group it is the organisation's."""
    said = dict(player.case.runners[name])
    said.pop("later", None)
    place = f"/api/v3/orgs/{player.owner}" if "group" in said else ""
    token = player.api("POST", f"{place}/actions/runners/registration-token", expect=201).json()["token"]
    labels = tuple(said.pop("labels"))
    player.hands[name] = player.stage.hand(token, labels, name=f"{player.name}-{name}"[:64], **said)


def lose(player: Player, name: str) -> None:
    """The agent's machine is gone: nothing of it reaches the server any more."""
    player.hands[name].cable.cut()


def mend(player: Player, name: str) -> None:
    """The machine that was gone is back."""
    player.hands[name].cable.mend()


def remove(player: Player, name: str) -> None:
    """An administrator takes the agent off the server with a remove token, whatever it works on."""
    place = f"/api/v3/orgs/{player.owner}" if "group" in player.case.runners[name] else ""
    token = player.api("POST", f"{place}/actions/runners/remove-token", expect=201).json()["token"]
    hand = player.hands[name]
    answer = player.stage.client.post(
        "/api/v1/runners/remove", params={"name": hand.name}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 204, f"{answer.status_code} {answer.text}"


def _stands(player: Player, run: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    if "job" not in value:
        return bool(player.api("GET", f"/actions/runs/{run['id']}").json()["status"] == value["status"])
    job = next((one for one in player.jobs(run) if one["name"] == value["job"]), None)
    if job is None:
        return False
    if "step" not in value:
        return bool(job["status"] == value["status"])
    return any(step["name"] == value["step"] and step["status"] == value["status"] for step in job["steps"])


def _answered(answer: Any, said: Mapping[str, Any], done: int) -> None:
    """As a rule it is done; with ``refused`` it is not, and the answer has these words."""
    if "refused" in said:
        assert answer.status_code in (403, 409, 422), f"{answer.status_code} {answer.text}"
        assert said["refused"] in answer.text, answer.text
    else:
        assert answer.status_code == said.get("answer", done), f"{answer.status_code} {answer.text}"


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


ACTS: Mapping[str, Act] = {
    "push": push,
    "dispatch": dispatch,
    "api": api,
    "secret": secret,
    "cancel": of_run("/actions/runs/{run}/cancel", 202, over=False),
    "force-cancel": of_run("/actions/runs/{run}/force-cancel", 202, over=False),
    "rerun": of_run("/actions/runs/{run}/rerun", 201, over=True),
    "rerun-failed": of_run("/actions/runs/{run}/rerun-failed-jobs", 201, over=True),
    "new-run": of_run("/api/v1/runs/{run}/rerun", 201, over=True),
    "cancel-job": of_job("/api/v1/jobs/{job}/cancel", 202, over=False),
    "rerun-job": of_job("/actions/jobs/{job}/rerun", 201, over=True),
    "wait": wait,
    "read": read,
    "due": due,
    "see": see,
    "start": start,
    "lose": lose,
    "mend": mend,
    "remove": remove,
}
