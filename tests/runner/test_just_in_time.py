"""What an agent makes of a configuration that the server made."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from runner import just_in_time
from runner.errors import ConfigError

SAID = {
    "url": "http://ci.localhost",
    "name": "once",
    "labels": ["gpu"],
    "credential": "shc_secret",
    "work_folder": "_work",
}


def text(**change: Any) -> str:
    """As the server writes it."""
    return base64.b64encode(json.dumps({**SAID, **change}).encode()).decode()


def test_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('url = "http://other"\nname = "other"\ncapacity = 4\nbackend = "fake"\n')
    config = just_in_time.decode(f" {text()}\n").settle(tmp_path, url=None, backend=None)
    assert (config.url, config.name, config.labels, config.capacity) == ("http://ci.localhost", "once", ("gpu",), 1)
    assert (config.ephemeral, config.backend, config.leases) == (True, "fake", tmp_path / "_work")
    assert config.credential() == "shc_secret"
    assert config.credential_file.stat().st_mode & 0o777 == 0o600
    again = just_in_time.decode(text(name="next")).settle(tmp_path)  # the one before was killed
    assert again.name == "next"
    just_in_time.forget(again)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.toml"]


def test_the_folder_of_a_registered_runner_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "credential").write_text("shc_own\n")
    with pytest.raises(ConfigError, match="is the folder of a runner that is registered"):
        just_in_time.decode(text()).settle(tmp_path)
    assert (tmp_path / "credential").read_text() == "shc_own\n"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no base64!",
        base64.b64encode(b"no json").decode(),
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"{}").decode(),
        text(labels=None),
        text(credential="shr_token"),
        text(work_folder="../elsewhere"),
        text(work_folder=".."),
        text(work_folder="unsent"),
    ],
)
def test_what_is_none(given: str) -> None:
    with pytest.raises(ConfigError, match="no configuration of a just-in-time runner"):
        just_in_time.decode(given)
