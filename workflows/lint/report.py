"""Findings as text, as JSON, and as annotations of a log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from workflows.lint.rule import Finding


def as_text(findings: Iterable[Finding]) -> str:
    """A line each: ``file:line:column: message``, with ``warning:`` and the rule where it is one."""
    return "".join(f"{_line(finding)}\n" for finding in findings)


def _line(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}" if finding.line else finding.file
    if finding.severity == "error":
        return f"{place}: {finding.message}"
    return f"{place}: warning: {finding.message} [{finding.rule}]"


def as_json(findings: Iterable[Finding]) -> str:
    """One array with an object each: file, line, column, severity, rule, message."""
    return json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"


def as_annotations(findings: Iterable[Finding]) -> str:
    """Workflow commands, which make annotations of a run: ``::error file=…,line=…,col=…,title=…::message``."""
    return "".join(f"{_annotation(finding)}\n" for finding in findings)


def _annotation(finding: Finding) -> str:
    place = f",line={finding.line},col={finding.column}" if finding.line else ""
    file, title = (_escaped(value).replace(":", "%3A").replace(",", "%2C") for value in (finding.file, finding.rule))
    return f"::{finding.severity} file={file}{place},title={title}::{_escaped(finding.message)}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


FORMATS: Mapping[str, Callable[[Iterable[Finding]], str]] = {"text": as_text, "json": as_json, "github": as_annotations}
