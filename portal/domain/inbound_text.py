"""Finds what was newly written in an email: HTML becomes text, the history below an answer and signatures are cut."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = {"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "hr", "section", "article"}
UNSEEN = {"script", "style", "head", "title", "template", "noscript", "svg", "object"}
# Mail programs put the history into one of these.
HISTORY = {"gmail_quote", "yahoo_quoted", "moz-cite-prefix", "divrplyfwdmsg", "protonmail_quote", "zmail_extra"}
VOID = {"br", "hr", "img", "input", "meta", "link"}

# Characters that no page and no database needs; line breaks and tabs stay.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
ATTRIBUTION = re.compile(
    r"^(On|El|Em|Am|Le|Il|Op|Den)\b.{3,300}"
    r"(wrote|escribi[oó]|escreveu|schrieb.{0,120}|a [eé]crit|ha scritto|schreef.{0,120}|skrev.{0,120})\s*:?\s*$")
DIVIDER = re.compile(
    r"^\s*(-{2,}|_{2,})\s*(original message|mensaje original|forwarded message|mensaje reenviado|"
    r"urspr[uü]ngliche nachricht|message d'origine)\s*(-{2,}|_{2,})\s*$|^_{20,}\s*$", re.IGNORECASE)
HEADER_BLOCK = re.compile(r"^\*?(From|De|Von|Da)\s*:\*?\s.+@", re.IGNORECASE)
HEADER_NEXT = re.compile(r"^\*?(Sent|Date|To|Enviado|Fecha|Para|Gesendet|An|Envoy[eé]|À|Subject|Asunto)\s*:",
                         re.IGNORECASE)
SIGNATURE = re.compile(r"^-- ?$")
BLANK_LINES = re.compile(r"\n{3,}")
# No line that begins a history is longer.
LONGEST_SIGN = 400
MOST_LINES = 2_000


def storable(text: str) -> str:
    """Give a text as it can be kept and shown: no control characters, no half characters."""
    return CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def newly_written(text: str) -> str:
    """Give what the sender wrote themselves. Words are never lost: where nothing is left, all of it stays."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MOST_LINES]
    kept: list[str] = []
    for place, line in enumerate(lines):
        if _history_begins(lines, place):
            break
        if line.startswith(">") or _is_attribution(lines, place):
            continue
        kept.append(line.rstrip())
    said = BLANK_LINES.sub("\n\n", "\n".join(kept)).strip()
    return said or BLANK_LINES.sub("\n\n", text).strip()


def from_html(markup: str) -> str:
    """Give the words of an HTML email as lines; what is not seen and the quoted history are left out."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.said).split("\n")]
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _history_begins(lines: list[str], place: int) -> bool:
    line = lines[place]
    if len(line) > LONGEST_SIGN:
        return False
    if DIVIDER.match(line) or SIGNATURE.match(line):
        return True
    if HEADER_BLOCK.match(line) and any(HEADER_NEXT.match(after[:80]) for after in lines[place + 1:place + 4]):
        return True
    # "On Monday … wrote:" with nothing quoted by signs below it: all the rest is history.
    return _is_attribution(lines, place) and not any(below.startswith(">") for below in lines[place + 1:])


def _is_attribution(lines: list[str], place: int) -> bool:
    """Say whether a line is "On Monday, Ana wrote:", or one half of it: long ones are broken into two lines."""
    line = lines[place].strip()
    if not line or len(line) > LONGEST_SIGN:
        return False
    if ATTRIBUTION.match(line):
        return True
    below = lines[place + 1].strip()[:LONGEST_SIGN] if place + 1 < len(lines) else ""
    above = lines[place - 1].strip()[:LONGEST_SIGN] if place else ""
    return any("@" in both and bool(ATTRIBUTION.match(both)) for both in (f"{line} {below}", f"{above} {line}"))


class _Reader(HTMLParser):
    """Collects words; inside a part that is left out it only waits for that part's own end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        # Many tags are never closed, so only those of the name that began the part are counted.
        self._left_out = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._left_out:
            self._depth += tag == self._left_out
        elif tag not in VOID and (tag in UNSEEN or _is_history(tag, attrs)):
            self._left_out, self._depth = tag, 1
        elif tag in BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._left_out:
            self._depth -= tag == self._left_out
            if not self._depth:
                self._left_out = ""
        elif tag in BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self.said.append(data)


def _is_history(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    if tag == "blockquote":
        return True
    names = " ".join(value or "" for name, value in attrs if name in ("class", "id")).lower().split()
    return not HISTORY.isdisjoint(names)
