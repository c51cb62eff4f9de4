"""Which requests are meant for this server, and come from its own pages.

A website can point its own name at 127.0.0.1 and have its visitors' browsers talk to Thaw (DNS
rebinding). Such a request carries that name in `Host`. A page of another app on this computer has
another port in its `Origin`.
"""

import re

from starlette.datastructures import Headers

from core.web.addresses import site

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\s:/@\[\]?#\\]+?)\.?)(?::[0-9]{1,5})?")


def is_ours(headers: Headers) -> bool:
    """Whether a request calls the server by a name of its own.

    `X-Forwarded-Host` is not looked at, since anybody can send it.
    """
    given = headers.getlist("host")
    match = _HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
    if match is None:
        return False
    name = match["six"] or match["name"]
    return any(_is_named(name, pattern) for pattern in site().hosts)


def is_elsewhere(headers: Headers) -> bool:
    """Whether a page of another website or app asks. A program has no origin."""
    given = headers.getlist("origin")
    if not given:
        return False
    origin, host = given[0].lower(), headers.get("host", "").lower()
    if len(given) > 1:
        return True
    if origin in (f"http://{host}", f"https://{host}"):
        return False
    return origin not in site().origins


def _is_named(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)
