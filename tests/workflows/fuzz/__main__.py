"""`python -m tests.workflows.fuzz TARGET FOLDER [OPTION …]`: fuzz with atheris, guided by which lines are reached.

FOLDER gets what the search found worth keeping and, when it fails, the input in `crash-…`. The options are libFuzzer's
(`-runs=100000 -max_total_time=60`). Ends with a status other than 0 at the first finding.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["workflows"]):
    from tests.workflows.fuzz.targets import TARGETS


def main(name: str, folder: str, *options: str) -> None:
    """Fuzz until the options say that it is enough; does not return."""
    target, place = TARGETS[name], Path(folder)
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_text(seed, encoding="utf-8")
    words = place / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    artifacts = f"-artifact_prefix={place}/"
    atheris.Setup([sys.argv[0], f"-dict={words}", artifacts, *options, str(corpus)], target.run)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
