"""Where the demonstration listens and keeps its data."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from forge.demo import place


def test_a_port_and_a_folder_that_are_given_are_taken(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    chosen = place.choose({"PORT": str(free), "DATA": str(tmp_path / "new")})
    assert (chosen.port, chosen.data, chosen.temporary, chosen.note) == (free, tmp_path / "new", False, "")
    assert chosen.data.is_dir()
    assert chosen.url == f"http://127.0.0.1:{free}"


def test_a_taken_port_that_was_asked_for_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        with pytest.raises(place.CannotStart, match=f"PORT={taken}: something listens there already"):
            place.choose({"PORT": str(taken), "DATA": str(tmp_path)})


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "8000.5"])
def test_what_is_no_port_is_refused(port: str, tmp_path: Path) -> None:
    with pytest.raises(place.CannotStart, match="a number from 1 to 65535"):
        place.choose({"PORT": port, "DATA": str(tmp_path)})


def test_another_port_is_found_when_the_usual_one_is_taken(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        chosen = place.choose({"DATA": str(tmp_path)}, usual=taken)
    assert chosen.port != taken
    assert str(taken) in chosen.note
    assert str(chosen.port) in chosen.note
