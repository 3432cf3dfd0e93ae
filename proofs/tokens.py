"""Altered, foreign, late, revoked and outdated tokens: none is accepted, and every genuine one is."""

from __future__ import annotations

import multiprocessing
import os
import random
import string
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import get_args

from pydantic import SecretStr

from portal.services.tokens import Ended, NotGenuine, Purpose, Tokens
from proofs.harness import Figures, Steps, add_up, say
from tests import databases

WHOLE, SHORT = 1_000_000, 40_000
CHUNK = 10_000
KEYS = tuple(SecretStr(f"{name}-key-for-the-proof-" + name * 12) for name in ("old", "mid", "new"))
SIGNS = string.ascii_letters + string.digits + "-_"
ODD = SIGNS + "=.+/%~ \t\n\0\"'<>:;,|\\äßИ中\u200b\u0301\ud7ff😀"
NOW = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Change = Callable[[random.Random, str, str], str]


def run(quick: bool) -> Figures:
    """Try a million texts that are not exactly tokens of ours, and all that is near one token."""
    total = SHORT if quick else WHOLE
    edits, accepted = _every_edit()
    foreign, taken = _foreign()
    tried, passed = edits + foreign, accepted + taken
    jobs = [(seed, CHUNK) for seed in range(total // CHUNK)]
    steps = Steps("altered tokens", len(jobs) * CHUNK)
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
        for count, found in pool.map(_altered, jobs):
            tried, passed = tried + count, passed + found
            steps.step(count)
    genuine, refused = _genuine()
    if refused:
        say(f"{refused} genuine tokens were refused")
    from proofs.token_rows import at_the_door
    return add_up(
        {"tokens_tried": tried, "tokens_accepted": passed, "tokens_edited_everywhere": edits,
         "tokens_genuine": genuine, "tokens_genuine_refused": refused, "tokens_tried_at_the_door": 0},
        *(at_the_door(kind) for kind in databases.KINDS))


def opens(tokens: Tokens, purpose: Purpose, text: str, now: datetime = NOW) -> bool:
    """Say whether a text is taken for a standing token, or for one that merely ended."""
    try:
        tokens.read(purpose, text, now)
    except NotGenuine:
        return False
    except Ended:
        return True
    return True


def _altered(job: tuple[int, int]) -> tuple[int, int]:
    """Alter tokens in every way we could think of; the seed alone decides how."""
    seed, count = job
    chance, tokens = random.Random(seed), Tokens(KEYS[1:])
    texts = [tokens.make(purpose, _id(chance), LATER, _word(chance)) for purpose in PURPOSES for _ in range(4)]
    genuine, tried, accepted = set(texts), 0, 0
    while tried < count:
        place = chance.randrange(len(texts))
        text = chance.choice(CHANGES)(chance, texts[place], chance.choice(texts))
        if text in genuine:
            continue
        tried += 1
        accepted += opens(tokens, PURPOSES[place // 4], text)
    return tried, accepted


def _id(chance: random.Random) -> str:
    return "".join(chance.choice(SIGNS) for _ in range(chance.randint(1, 22)))


def _word(chance: random.Random) -> str:
    return "" if chance.random() < 0.5 else "".join(chance.choice(SIGNS) for _ in range(chance.randint(1, 64)))


def _some_edits(chance: random.Random, text: str, _other: str) -> str:
    signs = list(text)
    for _ in range(chance.randint(1, 4)):
        where = chance.randrange(len(signs))
        match chance.randrange(4):
            case 0:
                signs[where] = chance.choice(SIGNS)
            case 1:
                signs.insert(where, chance.choice(SIGNS))
            case 2 if len(signs) > 1:
                del signs[where]
            case _:
                other = chance.randrange(len(signs))
                signs[where], signs[other] = signs[other], signs[where]
    return "".join(signs)


def _splice(chance: random.Random, text: str, other: str) -> str:
    mine, theirs = text.split("."), other.split(".")
    place = chance.randrange(2)
    return ".".join([mine[0], theirs[1]] if place else [theirs[0], mine[1]])


def _case(chance: random.Random, text: str, _other: str) -> str:
    where = chance.randrange(len(text))
    return chance.choice((text.upper(), text.lower(), text.swapcase(),
                          text[:where] + text[where:].swapcase()))


CHANGES: Sequence[Change] = (
    _some_edits, _some_edits, _some_edits, _splice, _case,
    lambda chance, text, _: text[:chance.randrange(len(text))],
    lambda chance, text, _: text[chance.randrange(1, len(text)):],
    lambda chance, text, other: text + chance.choice(("", ".", "~", " ")) + other,
    lambda chance, text, _: text + chance.choice(ODD) * chance.randint(1, 5),
    lambda chance, text, _: chance.choice(ODD) * chance.randint(1, 3) + text,
    lambda chance, text, _: text[:-1] + chance.choice(SIGNS),
    lambda chance, text, _: text.replace(".", chance.choice(("..", ".=.", "%2E", "", "=", "./"))),
    lambda _chance, text, _: "." + text,
    lambda chance, _text, _: "".join(chance.choice(ODD) for _ in range(chance.randint(0, 120))),
    lambda chance, text, _: text * chance.randint(2, 9),
)


def _every_edit() -> tuple[int, int]:
    """Every one-character change, insertion and deletion of one token, over every sign a URL can hold."""
    tokens = Tokens(KEYS[1:])
    text = tokens.make("portal-link", "kJ3x_9QwZb-Lm2Rt5Yv8Ua", LATER)
    edits = set(_edits(text)) - {text}
    return len(edits), sum(opens(tokens, "portal-link", edit) for edit in edits)


def _edits(text: str) -> Iterator[str]:
    for place in range(len(text) + 1):
        for sign in sorted(set(ODD + string.punctuation)):
            yield text[:place] + sign + text[place:]
            yield text[:place] + sign + text[place + 1:]
        yield text[:place] + text[place + 1:]


def _foreign() -> tuple[int, int]:
    """Genuine tokens where they do not belong: another purpose, a dropped key, a key nobody had, after their end."""
    tried = accepted = 0
    both, dropped = Tokens(KEYS[:2]), Tokens(KEYS[1:])
    for number in range(200):
        for made_for in PURPOSES:
            text = both.make(made_for, f"id-{number}", LATER)
            outdated = Tokens(KEYS[:1]).make(made_for, f"id-{number}", LATER)
            strangers = Tokens([SecretStr("somebody-elses-key-" + "z" * 32)]).make(made_for, f"id-{number}", LATER)
            wrong = [(both, used_for, text) for used_for in PURPOSES if used_for != made_for]
            wrong += [(dropped, made_for, outdated), (both, made_for, strangers)]
            tried += len(wrong)
            accepted += sum(opens(tokens, purpose, one) for tokens, purpose, one in wrong)
            # From its last second on it only says what it was for.
            for late in (0, 1, 10_000):
                tried += 1
                accepted += _stands(both, made_for, text, LATER + timedelta(seconds=late))
    return tried, accepted


def _stands(tokens: Tokens, purpose: Purpose, text: str, now: datetime) -> bool:
    try:
        tokens.read(purpose, text, now)
    except (NotGenuine, Ended):
        return False
    return True


def _genuine() -> tuple[int, int]:
    """The other side: whatever we signed is taken, up to its last second, by old keys too until they are dropped."""
    chance, tried, refused = random.Random(1), 0, 0
    for _ in range(2_000):
        for purpose in PURPOSES:
            tokens = Tokens(KEYS[: chance.randint(1, 3)])
            text = tokens.make(purpose, _id(chance), LATER, _word(chance))
            for reader in (tokens, Tokens(KEYS)):
                tried += 1
                refused += not _stands(reader, purpose, text, LATER - timedelta(seconds=1))
    return tried, refused
