"""What templates need: icons, states, times, addresses and safe text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from forge.actions.models import Job, Run, Step, Workflow
from forge.artifacts import artifacts
from forge.artifacts.models import Artifact
from forge.repos.models import Repository
from forge.web import ansi, appearance, clock, loglines, security
from forge.web import scripts as page_scripts
from forge.web import styles as style_sheets
from forge.web.doc_links import PREFIX, Links
from forge.web.markdown import html as markdown_html
from forge.web.markdown import line as markdown_line_html
from forge.web.places import Place

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file, with its version."""
    return f"/-/static/{name}?v={security.version(name)}"


@register.simple_tag
def styles(*names: str) -> str:
    """The address of these style sheets as one file."""
    return style_sheets.BUNDLE.address(*names)


@register.simple_tag
def scripts(*names: str) -> str:
    """The address of these modules, and of what they import, as one file."""
    return page_scripts.BUNDLE.address(*names)


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """A decorative symbol of the sprite."""
    return _icon(name, classes)


@lru_cache(maxsize=512)  # a list of runs has over a hundred of them, of twenty kinds
def _icon(name: str, classes: str) -> SafeString:
    spin = " spin" if name == "spinner" else ""
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        spin,
        f" {classes}" if classes else "",
        asset("icons.svg"),
        name,
    )


@register.simple_tag
def state(thing: Any) -> SafeString:
    """The icon of a state; the word is there for readers."""
    return look(appearance.of(thing))


@register.simple_tag
def look(shown: appearance.Look) -> SafeString:
    """The icon of a look."""
    return _look(shown)


@lru_cache(maxsize=512)
def _look(shown: appearance.Look) -> SafeString:
    return format_html(
        '<span class="st s-{}">{}<span class="vh">{}</span></span>', shown.key, icon(shown.icon), shown.word
    )


@register.simple_tag
def pill(thing: Any) -> SafeString:
    """Icon and word on a tint."""
    shown = appearance.of(thing)
    return format_html('<span class="st s-{} pill">{}<span>{}</span></span>', shown.key, icon(shown.icon), shown.word)


@register.simple_tag
def mark(thing: Any) -> SafeString:
    """The icon of a state in as few elements as it takes, for long lists; its name is the word."""
    shown = appearance.of(thing)
    return format_html(
        '<svg class="i st s-{}{}" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
        shown.key,
        " spin" if shown.icon == "spinner" else "",
        shown.word,
        asset("icons.svg"),
        shown.icon,
    )


@register.simple_tag
def log_lines(step: Step, lines: list[loglines.Line], times: bool) -> SafeString:
    """A page of a step's log: a thousand lines, which a loop of the template would take five times as long for."""
    return mark_safe("".join(_log_line(step.number, line, times) for line in lines if line.kind != "endgroup"))


def _log_line(step: int, line: loglines.Line, times: bool) -> str:
    kind = f" {line.kind}" if line.kind else ""
    time = f' data-t="{escape(line.time)}"' if times else ""
    inner = f"<b>{line.html}</b>" if line.kind == "group" else line.html
    return f'<div class="ln{kind}" id="s{step}-L{line.number}" data-n="{line.number}"{time}>{inner}</div>'


@register.filter
def look_key(thing: Any) -> str:
    """The class of a state, after ``s-``."""
    return appearance.of(thing).key


@register.filter
def word(thing: Any) -> str:
    """The word of a state."""
    return appearance.of(thing).word


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A relative time that carries the exact one."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', clock.iso(moment), clock.long(moment), clock.relative(moment)
    )


@register.simple_tag
def took(start: datetime | None, end: datetime | None, running: bool = True) -> SafeString | str:
    """A duration; one that still runs ticks in browsers with scripts."""
    if start is None or (end is None and not running):
        return ""
    since = format_html(' data-since="{}"', clock.iso(start)) if end is None else ""
    return format_html('<span class="num"{}>{}</span>', since, clock.between(start, end))


@register.filter
def plain(text: object) -> str:
    """Text from strangers: no control characters, controls of direction written out."""
    return ansi.visible(str(text))


@register.filter
def markdown(text: str, prefix: str = "") -> SafeString:
    """Safe HTML of Markdown; with ``prefix`` its headings have ids that begin so."""
    return markdown_html(text, prefix)


@register.simple_tag
def document(text: str, repository: Repository, place: Place, path: str) -> SafeString:
    """Safe HTML of a Markdown file of a repository, whose relative links lead to the files beside it."""
    links = Links(repo_url(repository), place.ref, path.rpartition("/")[0])
    return markdown_html(text, PREFIX, links)


@register.filter
def markdown_line(text: str) -> SafeString:
    """Safe HTML of one line of Markdown, without a paragraph around it."""
    return markdown_line_html(text)


@register.filter
def repo_url(repository: Repository) -> str:
    """``/owner/name``."""
    return f"/{repository.owner.login}/{repository.name}"


@register.simple_tag
def run_url(repository: Repository, run: Run | int, rest: str = "") -> str:
    """The page of a run, or something below it."""
    return f"{repo_url(repository)}/actions/runs/{run if isinstance(run, int) else run.pk}{rest}"


@register.simple_tag
def job_url(repository: Repository, job: Job, rest: str = "") -> str:
    """The page of a job, or something below it."""
    return f"{repo_url(repository)}/actions/runs/{job.run_id}/job/{job.pk}{rest}"


@register.simple_tag
def commit_url(repository: Repository, sha: str) -> str:
    """The page of a commit."""
    return f"{repo_url(repository)}/commit/{sha}"


@register.simple_tag
def blob_url(repository: Repository, sha: str, path: str) -> str:
    """The page of a file at a commit."""
    return f"{repo_url(repository)}/blob/{sha}/{quote(path)}"


@register.filter
def length_of(thing: Job) -> str:
    """How long a job took, or has taken until now."""
    return clock.between(thing.started_at, thing.completed_at)


@register.filter
def facts(job: Job, reasons: Mapping[int, str]) -> str:
    """What a list says of a job beside its name: state, runner, why, and how long. A reason that begins with the state
    stands for it."""
    state, reason = appearance.of(job).word, reasons.get(job.pk, "")
    parts = [
        "" if reason.startswith(state) else state,
        job.runner_name,
        "from an earlier attempt" if job.carries_id else "",
        reason,
        length_of(job) if job.completed_at and job.conclusion != "skipped" else "",
    ]
    return ansi.visible(" · ".join(part for part in parts if part))


@register.filter
def length_words(length: timedelta) -> str:
    """``4m 51s``."""
    return clock.duration(length)


@register.filter
def iso(moment: datetime) -> str:
    """For attributes that scripts read."""
    return clock.iso(moment)


@register.filter
def of(found: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping has under a key."""
    return found.get(key, "")


@register.filter
def is_expired(artifact: Artifact) -> bool:
    """True from its time on, whether its bytes are gone already or not."""
    return artifacts.is_expired(artifact)


@register.filter
def kept_days(artifact: Artifact) -> int:
    """How long it was to be kept."""
    return round((artifact.expires_at - artifact.created_at).total_seconds() / 86400)


@register.filter
def workflow_url(workflow: Workflow, repository: Repository) -> str:
    """The page of a workflow."""
    return f"{repo_url(repository)}/actions/workflows/{quote(file_name(workflow.path), safe='')}"


@register.filter
def due(moment: datetime) -> SafeString:
    """When something will be, with the exact time."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', clock.iso(moment), clock.long(moment), clock.until(moment)
    )


@register.simple_tag
def left(moment: datetime) -> SafeString:
    """How long it is until then, which ticks in browsers with scripts, and when that is."""
    rest = moment - timezone.now()
    return format_html(
        '<span class="num" data-until="{}">{}</span> left, until {}',
        clock.iso(moment),
        clock.duration(rest),
        clock.long(moment),
    )


@register.filter
def file_name(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


@register.filter
def event_words(name: str) -> str:
    """An event in words."""
    return _EVENTS.get(name, name.replace("_", " "))


_EVENTS = {
    "create": "new branch or tag",
    "delete": "deleted branch or tag",
    "workflow_dispatch": "run by hand",
    "workflow_run": "another workflow",
}
