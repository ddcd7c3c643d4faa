"""How a person likes to see things, kept in cookies of the browser: the server knows it, so that nothing flashes.

It works for those who are not logged in, too, and without scripts.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from forge.web import door
from forge.web.errors import page

#: What can be chosen, by the name of its cookie; the first word holds until another is chosen.
CHOICES = {
    "theme": ("system", "light", "dark"),
    "colours": ("usual", "safe"),
    "zone": ("local", "utc"),
    "density": ("comfortable", "compact"),
}
#: Those that the menu of every page offers: title, name and what each word says.
_MENU = (
    ("Theme", "theme", ("As the system", "Light", "Dark")),
    ("Colours of states", "colours", ("Green and red", "Blue and orange")),
    ("Times", "zone", ("In my zone", "In UTC")),
)
_YEAR = 365 * 86400


@dataclass(frozen=True)
class Preference:
    """One group of the menu: ``words`` and what each says, of which ``now`` holds."""

    title: str
    name: str
    now: str
    words: tuple[tuple[str, str], ...]


def chosen(request: HttpRequest, name: str) -> str:
    """The word that holds for this browser; of the zone the site's own until one is chosen."""
    words = CHOICES[name]
    usual = settings.TIMES if name == "zone" else words[0]
    word = request.COOKIES.get(name, usual)
    return word if word in words else usual


def shown(request: HttpRequest) -> dict[str, object]:
    """Context of every page."""
    now = {name: chosen(request, name) for name in CHOICES}
    menu = [
        Preference(title, name, now[name], tuple(zip(CHOICES[name], says, strict=True))) for title, name, says in _MENU
    ]
    return {**now, "preferences": menu}


@require_POST
@page
def choose(request: HttpRequest) -> HttpResponse:
    """Keeps what was chosen for a year; back to the page. Words that are none are passed over."""
    answer = door.back(request, "/")
    for name, words in CHOICES.items():
        if (word := request.POST.get(name, "")) in words:
            secure = settings.SESSION_COOKIE_SECURE
            answer.set_cookie(name, word, max_age=_YEAR, samesite="Lax", secure=secure, httponly=True)
    return answer
