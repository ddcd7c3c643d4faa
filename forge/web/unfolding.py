"""What is open in a drawing, as the address of its page says it: ``?view=graph&open=7&open=9``. So it works without
scripts, and what is fetched again is open again."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest

#: So many are open at once.
MOST = 20


def asked(request: HttpRequest) -> list[int]:
    """Ids of what is to be open, each once."""
    wanted = request.GET.getlist("open")[:MOST]
    return list(dict.fromkeys(int(text) for text in wanted if text.isascii() and text.isdigit() and len(text) < 19))


def toggle(view: str, one: int, opened: Sequence[int]) -> str:
    """The query with this one opened as well, or closed where it is open."""
    kept = [each for each in opened if each != one]
    wanted = kept if one in opened else [*kept, one]
    return urlencode([("view", view), *(("open", each) for each in wanted)])
