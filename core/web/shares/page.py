"""The page behind a link to a project: what it is, when the link expires, how to open it."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from html import escape

from core.projects.sharing import Shared, SharedRun
from core.saying import say, several
from core.sharing import Share
from core.shown import visible
from core.web import text_page

_STYLE = """
:root { color-scheme: light dark; --ink: #08111a; --paper: #fbfdff; --soft: #eef5fb;
  --line: #d5e2ee; --ice: #1668b0; --faint: #4a5560 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eef5; --paper: #0e151d; --soft: #19242f;
  --line: #2b3a49; --ice: #8cc6f5; --faint: #a5b1bc } }
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 8vh auto;
  padding: 0 1.25rem 3rem; background: var(--paper); color: var(--ink); overflow-wrap: anywhere }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p, ol { margin: .5rem 0 } ol { padding-left: 1.4rem }
ul { list-style: none; margin: .5rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem }
li.class { background: var(--soft); border: 1px solid var(--line); border-radius: .75rem;
  padding: .25rem .75rem; max-width: 100%; box-sizing: border-box }
ol.runs { padding-left: 2.2rem }
.facts { display: flex; flex-wrap: wrap; gap: 0 1rem }
ol.runs li { padding: .6rem 0 .6rem .2rem; border-top: 1px solid var(--line) }
.faint { color: var(--faint); font-size: .95rem }
.get { display: inline-block; margin: 1rem 0 .25rem; padding: .6rem 1.4rem; border-radius: 2rem;
  background: #1668b0; color: #fff; text-decoration: none; font-weight: 600 }
.second { background: none; color: var(--ice); box-shadow: inset 0 0 0 2px }
.get:focus-visible { outline: 3px solid var(--ice); outline-offset: 3px }
"""
HEADERS = text_page.headers(_STYLE)


def drawn(
    shared: Shared, share: Share, path: str, language: str, translated: Callable[[str], str]
) -> str:
    """The page as HTML. Everything that users typed is escaped.

    Args:
        shared: What the link leads to.
        share: The link.
        path: That of the link.
        language: The page's, as HTML writes it.
        translated: Puts a sentence into it.
    """

    def told(sentence: str) -> str:
        return escape(translated(sentence))

    pictures = (
        several("{count} picture", "{count} pictures", shared.pictures)
        if shared.pictures
        else say("no pictures")
    )
    held = [several("{count} class", "{count} classes", len(shared.classes)), pictures]
    if shared.runs:
        held.append(several("{count} trained run", "{count} trained runs", len(shared.runs)))
    ends = say("This link is good until {time} (UTC).", time=_minute(share.until))
    size = say("Download ({size})", size=_size(shared.bytes))
    kind = "get" if shared.tried is None else "get second"
    parts = [
        f"<h1>{_name(shared.name)}</h1>",
        f"<p>{', '.join(map(told, held))}</p>",
        _to_try(shared, path, told) if shared.tried is not None else "",
        f'<p><a class="{kind}" href="{escape(path)}/file" download>{told(size)}</a></p>',
        f'<p class="faint">{told(ends)}</p>',
        f"<h2>{told(say('How to open it'))}</h2>",
        f"<ol>{_how(shared, told)}</ol>",
        f"<h2>{told(say('Classes'))}</h2>",
        f"<ul>{''.join(_classes(shared))}</ul>",
    ]
    if shared.runs:
        parts += [
            f"<h2>{told(say('Trained runs'))}</h2>",
            f'<ol class="runs">{"".join(_run(each, told) for each in shared.runs)}</ol>',
        ]
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(visible(shared.name))} · Thaw</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _name(name: str) -> str:
    """A user's text, isolated so that right-to-left names don't affect what is around them."""
    return f"<bdi>{escape(visible(' '.join(name.split())))}</bdi>"


def _to_try(shared: Shared, path: str, told: Callable[[str], str]) -> str:
    about = [say("Pictures that you show it stay in your browser.")]
    if len(shared.runs) > 1:
        about.insert(0, say("It is number {number} of the trained runs.", number=shared.tried))
    return (
        f'<p><a class="get" href="{escape(path)}/try">{told(say("Try it in your browser"))}</a></p>'
        f'<p class="faint">{" ".join(map(told, about))}</p>'
    )


def _how(shared: Shared, told: Callable[[str], str]) -> str:
    steps = [
        say("Download the file. It is a project of Thaw, which teaches networks to know pictures."),
        say("Start Thaw on your computer and drop the file on its Data page."),
    ]
    if any(each.network for each in shared.runs):
        steps.append(say("Show the trained network a picture on the Predict page."))
    return "".join(f"<li>{told(each)}</li>" for each in steps)


def _classes(shared: Shared) -> Iterable[str]:
    for name, count in shared.classes.items():
        of = f' <span class="faint">{count:,}</span>' if shared.pictures else ""
        yield f'<li class="class">{_name(name)}{of}</li>'


def _run(run: SharedRun, told: Callable[[str], str]) -> str:
    facts = [", ".join(filter(None, (_name(run.backbone), told(run.frozen))))]
    if run.accuracy is not None:
        facts.append(told(say("{share:.1%} accuracy", share=run.accuracy)))
    if run.created is not None:
        facts.append(told(say("{time} (UTC)", time=_minute(run.created))))
    if not run.network:
        facts.append(told(say("without its network")))
    about = " ".join(f"<span>{fact}</span>" for fact in facts)
    return f'<li>{_name(run.name)}<div class="faint facts">{about}</div></li>'


def _minute(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{max(1, round(count / 1000))} KB"
