"""Containers kept ready, with ones that cost nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.backends.base import Lease
from runner.backends.spares import IMAGES, PREFIX, Spares, hand_over
from runner.errors import InfrastructureError
from runner.lease_folder import LeaseFolder, make_work


class Container:
    def __init__(self, image: str) -> None:
        self.image = image
        self.ready = True
        self.closed = False

    def is_ready(self) -> bool:
        return self.ready

    def close(self) -> None:
        self.closed = True


class Maker:
    """Makes containers, and tells when it has."""

    def __init__(self) -> None:
        self.made: list[Container] = []
        self.ids: dict[str, str] = {}
        self.changed = threading.Condition()

    def __call__(self, image: str, folder: Path) -> tuple[str, Container]:
        assert folder.name.startswith(PREFIX)
        make_work(folder / "work")
        with self.changed:
            if self.ids.get(image) == "":
                raise InfrastructureError("image_unavailable", "there is no such image")
            container = Container(image)
            self.made.append(container)
            self.changed.notify_all()
            return self.ids.get(image, image), container


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def keep(tmp_path: Path, maker: Maker) -> Iterator[Callable[..., Spares[Container]]]:
    kept: list[Spares[Container]] = []

    def start(number: int = 1, image: str = "a") -> Spares[Container]:
        spares = Spares[Container](tmp_path / "spares", number, maker)
        spares.start(image)
        kept.append(spares)
        return spares

    yield start
    for spares in kept:
        spares.stop()
    assert all(container.closed for container in maker.made)
    assert not list((tmp_path / "spares").glob("*"))


def _until_kept(spares: Spares[Container], *images: str) -> None:
    for _ in range(400):
        if sorted(spare.image for spare in spares._ready) == sorted(images):
            return
        with spares._changed:
            spares._changed.wait(0.05)
    raise AssertionError(f"{images} are not kept; there are {[spare.image for spare in spares._ready]}")


def test_a_spare_serves_one_job_and_is_replaced_when_that_has_ended(keep: Callable[..., Spares[Container]]) -> None:
    spares = keep()
    _until_kept(spares, "a")
    taken = spares.take("a", "a", Lease(7, 1))
    assert taken is not None
    assert spares.take("a", "a", Lease(8, 1)) is None
    assert spares.is_ours(taken.folder.name, frozenset({Lease(7, 1)}))
    assert not spares.is_ours(taken.folder.name, frozenset({Lease(7, 2)}))
    taken.container.close()
    hand_over(taken.folder / "work", _lease_work(taken.folder.parent.parent))
    spares.ended(taken.folder.name)
    _until_kept(spares, "a")
    assert not spares.is_ours(taken.folder.name, frozenset({Lease(7, 1)}))
    assert spares.is_ours(spares._ready[0].folder.name, frozenset())


def _lease_work(root: Path) -> Path:
    folder = LeaseFolder(root, Lease(7, 1), "project")
    folder.close()
    return folder.work


def test_one_whose_image_has_changed_is_not_used(keep: Callable[..., Spares[Container]], maker: Maker) -> None:
    spares = keep()
    _until_kept(spares, "a")
    maker.ids["a"] = "another id"
    assert spares.take("a", "another id", Lease(7, 1)) is None
    _until_kept(spares, "a")
    assert [spare.image_id for spare in spares._ready] == ["another id"]
    assert maker.made[0].closed


def test_one_that_died_is_not_used(keep: Callable[..., Spares[Container]], maker: Maker) -> None:
    spares = keep()
    _until_kept(spares, "a")
    maker.made[0].ready = False
    assert spares.take("a", "a", Lease(7, 1)) is None


def test_spares_are_of_the_images_that_jobs_used_last(keep: Callable[..., Spares[Container]]) -> None:
    spares = keep()
    wanted = [f"image-{number}" for number in range(IMAGES)]
    assert not any(spares.has(image) for image in wanted)
    _until_kept(spares, *wanted)
    assert all(spares.has(image) for image in wanted)


def test_an_image_that_is_not_here_is_passed_by(keep: Callable[..., Spares[Container]], maker: Maker) -> None:
    maker.ids["gone"] = ""
    spares = keep(image="gone")
    assert not spares.has("a")
    assert maker.made == []


def test_other_things_are_kept_under_other_names(tmp_path: Path) -> None:
    def make(name: str, folder: Path) -> tuple[str, Container]:
        assert folder.name.startswith("forge-other-")
        assert not list(folder.iterdir())
        return name, Container(name)

    spares = Spares[Container](tmp_path / "others", 2, make, "forge-other-")
    spares.start("a")
    _until_kept(spares, "a", "a")
    one = spares.take("a", "a", Lease(7, 1))
    assert one is not None
    assert spares.is_ours(one.folder.name, frozenset({Lease(7, 1)}))
    spares.stop()


def test_none_are_kept_unless_asked_for(tmp_path: Path, maker: Maker) -> None:
    for folder, number in ((tmp_path / "spares", 0), (None, 1)):
        spares = Spares[Container](folder, number, maker)
        spares.start("a")
        assert not spares.has("a")
        spares.stop()
    assert maker.made == []
    assert not (tmp_path / "spares").exists()


def test_the_job_gets_the_folder_that_the_spare_sees_with_all_that_was_in_its_own(tmp_path: Path) -> None:
    folder = LeaseFolder(tmp_path, Lease(7, 1), "project")
    folder.write_event({"ref": "refs/heads/main"})
    (tmp_path / "spare").mkdir()
    spare = tmp_path / "spare" / "work"
    make_work(spare)
    seen = {
        name: (spare / name).stat().st_ino for name in ("", "_tool", "_temp/_github_home", "_temp/_github_workflow")
    }
    hand_over(spare, folder.work)
    folder.reopen()
    assert {name: (folder.work / name).stat().st_ino for name in seen} == seen
    assert folder.guest.read("_temp/_github_workflow/event.json", 1000) is not None
    assert (folder.work / "project" / "project").is_dir()
    assert not spare.parent.exists()
    folder.close()
