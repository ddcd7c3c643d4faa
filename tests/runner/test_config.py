"""The configuration file, the environment and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import config
from runner.errors import ConfigError


def test_sources_in_order(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'url = "http://a/"\nname = "n"\nlabels = ["x"]\n[images]\nx = "image:1"\n'
        '[docker]\nmemory = "512m"\nvolumes = ["/a:/b"]\n[jobs]\nenv = { A = "1" }\n'
    )
    made = config.load(tmp_path, {"FORGE_RUNNER_NAME": "from-env", "FORGE_RUNNER_CAPACITY": "3"}, labels="p, q")
    assert (made.url, made.name, made.labels, made.capacity) == ("http://a", "from-env", ("p", "q"), 3)
    assert (made.images, made.limits.memory, made.volumes) == ({"x": "image:1"}, 512 << 20, ("/a:/b",))
    assert made.job_env == {"A": "1"}


def test_saving_keeps_tables_and_guards_the_credential(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('url = "http://old"\n\n[images]\nx = "image:1"\n')
    config.save(config.load(tmp_path, {}, url="http://new", name="n", labels="x"), "a-credential")
    again = config.load(tmp_path, {})
    assert (again.url, again.images, again.credential()) == ("http://new", {"x": "image:1"}, "a-credential")
    assert again.credential_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "url"),
        ('url = "http://a"\ncapacity = 0', "capacity"),
        ('url = "http://a"\nbackend = "vm"', "backend"),
        ('url = "http://a"\n[docker]\nmemory = "much"', "memory"),
        ("url = ", "config.toml"),
        ('url = "http://a"\nimages = 3', "images"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        config.load(tmp_path, {})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('allow_options = ["privileged"]', "'privileged' is no option such as --privileged"),
        ('allow_volumes = ["data"]', "'data' is no absolute path"),
        ('allow_volumes = ["/data:/x"]', "'/data:/x' is no absolute path"),
    ],
)
def test_what_workflows_cannot_be_allowed(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "config.toml").write_text(f'url = "http://x"\n[docker]\n{line}\n')
    with pytest.raises(ConfigError, match=words):
        config.load(tmp_path, {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", None), ("prefetch = []", ()), ('prefetch = ["redis:7"]', ("redis:7",))],
)
def test_images_fetched_ahead(tmp_path: Path, line: str, expected: tuple[str, ...] | None) -> None:
    (tmp_path / "config.toml").write_text(f'url = "http://x"\n[docker]\n{line}\n')
    assert config.load(tmp_path, {}).prefetch == expected
