"""Images for container tests, made of what this machine has: no registry is asked."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.services.docker import IMAGE, ROOT


@contextmanager
def with_packages(client: Any, name: str, packages: list[str], changes: list[str]) -> Iterator[str]:
    """The job image with further Debian packages, those that are installed on this machine; removed at the end."""
    builder = _builder()
    known = builder.Packages()
    base = set(known.closure([*builder.PACKAGES, *known.essential]))
    wanted = [package for package in known.closure(packages) if package not in base]
    container = client.containers.create(IMAGE, ["true"])
    try:
        container.put_archive("/", _archive({f"/{path}": path for path in sorted(set(builder.files_of(wanted)))}))
        container.commit(name, changes=changes)
    finally:
        container.remove()
    try:
        yield name
    finally:
        client.images.remove(name, force=True)


def import_program(client: Any, name: str, program: Path, changes: list[str]) -> None:
    """An image that holds one program, ``/program``, and nothing else."""
    repository, _, tag = name.rpartition(":")
    archive = _archive({str(program): "program"})
    client.api.import_image_from_data(archive, repository=repository, tag=tag, changes=changes)


def _archive(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, name in files.items():
            archive.add(path, arcname=name, recursive=False)
    return made.getvalue()


def _builder() -> ModuleType:
    """deploy/job-image/build, which knows which files belong to which packages."""
    loader = SourceFileLoader("build_job_image", str(ROOT / "deploy" / "job-image" / "build"))
    spec = spec_from_loader("build_job_image", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
