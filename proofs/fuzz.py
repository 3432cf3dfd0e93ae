"""Fuzzed requests: every route and form, with values from sensible to hostile; none may end in an error of ours."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import text

from proofs.borders import open_theatre
from proofs.fuzz_values import Asked, Target, requests
from proofs.harness import Figures, Steps, add_up, say
from tests import databases
from tests.borders import Theatre, debtors_rules
from tests.matrix import ROWS

WHOLE, SHORT = 22_000, 800
# What is sent can do more harm than what is only read, and so is tried more often.
FORMS_WEIGH = 4
SEED = 20261110
ROLES = ("own", "own", "own", "own", "own", "pay_only", "link_only", "link_only", "anonymous", "stranger")
MEND_EVERY = 40
# Fields that many forms have beside those their genuine example fills in.
FREE_TEXTS = ("words", "text", "name", "reference")


def run(quick: bool, chosen: int = SEED) -> Figures:
    """Fuzz on both databases at once, each from the same seed."""
    jobs = [(kind, SHORT if quick else WHOLE, chosen) for kind in databases.KINDS]
    with ProcessPoolExecutor(len(jobs), multiprocessing.get_context("spawn")) as pool:
        each = list(pool.map(_fuzz, jobs))
    least = min(int(figures["fuzz_least_of_a_form"]) for figures in each)
    return {**add_up(*each), "fuzz_forms": each[0]["fuzz_forms"], "fuzz_least_of_a_form": least, "fuzz_seed": chosen}


def _fuzz(job: tuple[str, int, int]) -> Figures:
    kind, total, chosen = job
    statuses: Counter[int] = Counter()
    broken: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    steps = Steps(f"{kind}: fuzzed requests", total)
    # What breaks says where, in the portal's own log.
    with open_theatre(kind, log_level="ERROR") as theatre:
        fuzzer, aims = _Fuzzer(theatre), targets(theatre)
        forms.update({aim.endpoint: 0 for aim in aims if aim.method == "POST"})

        @seed(chosen)
        @settings(max_examples=total, database=None, deadline=None, phases=(Phase.generate,),
                  suppress_health_check=list(HealthCheck))
        @given(requests(tuple(aim for aim in aims for _ in range(FORMS_WEIGH if aim.method == "POST" else 1)), ROLES))
        def send(asked: Asked) -> None:
            status = fuzzer.send(asked)
            statuses[status] += 1
            if asked.form and asked.with_proof:
                forms[asked.form] += 1
            steps.step()
            if status >= 500:
                broken[f"{status} {asked.role} {asked.method} {asked.path[:120]!r} {asked.body[:900]!r} "
                       f"{asked.headers!r:.200} length {asked.length} proof {asked.with_proof}"] += 1

        send()
        while sum(statuses.values()) < total:
            # What Hypothesis found it had tried already is made up for by genuine requests with one odd value.
            send()
        # Chance may pass a field by; here each one has its turn.
        for asked in field_by_field(aims):
            status = fuzzer.send(asked)
            statuses[status] += 1
            if status >= 500:
                broken[f"{status} {asked.path[:120]!r} {asked.body[:900]!r}"] += 1
    for one, _ in broken.most_common(12):
        say(f"{kind}: {one}")
    say(f"{kind}: {dict(sorted(statuses.items()))}")
    return {"fuzz_requests": sum(statuses.values()), "fuzz_5xx": sum(broken.values()),
            "fuzz_200": statuses[200], "fuzz_303": statuses[303], "fuzz_forms": len(forms),
            "fuzz_least_of_a_form": min(forms.values())}


def field_by_field(aims: tuple[Target, ...]) -> list[Asked]:
    """Every field of every form once with a text no database can hold, the others as they should be."""
    found = []
    for aim in (aim for aim in aims if aim.method == "POST"):
        path = aim.rule
        for name, value in aim.arguments.items():
            path = path.replace(f"<path:{name}>", value).replace(f"<{name}>", value)
        for name in dict.fromkeys((*aim.form, *FREE_TEXTS)):
            body = urlencode({**aim.form, name: "a\0b"}).encode()
            found.append(Asked("own", "POST", path, body, (("Content-Type", "application/x-www-form-urlencoded"),),
                               True, None))
    return found


def targets(theatre: Theatre) -> tuple[Target, ...]:
    """Every route by every method it takes, with the genuine values of the own debtor."""
    found = []
    for rule in debtors_rules(theatre.app):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            row = ROWS.get((rule.endpoint, method))
            mine = theatre.stage.own
            values = {name: value(mine) for name, value in row.target.items()} if row else {}
            values |= theatre.signed(rule, mine)
            form = {name: value(mine) for name, value in row.form.items()} if row else {}
            form |= {name: value for name, value in values.items() if name not in rule.arguments}
            found.append(Target(rule.endpoint, method, {
                name: values.get(name, "x") for name in rule.arguments}, form, rule.rule))
    return tuple(found)


class _Fuzzer:
    """Sends drawn requests, each in a browser of its own, and mends the stage when acts have ended things."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre, self._sent = theatre, 0

    def send(self, asked: Asked) -> int:
        self._sent += 1
        if self._sent % MEND_EVERY == 0:
            self._mend()
        client, proof = self._theatre.client(asked.role)
        body, kinds = asked.body, dict(asked.headers)
        if asked.with_proof and "urlencoded" in kinds.get("Content-Type", ""):
            body += b"&" + urlencode({"csrf_token": proof}).encode()
        elif asked.with_proof:
            kinds["X-CSRFToken"] = proof
        environ: dict[str, Any] = {"REMOTE_ADDR": f"10.{self._sent >> 16}.{self._sent >> 8 & 255}.{self._sent & 255}"}
        if asked.length is not None:
            environ["CONTENT_LENGTH"] = asked.length
        answer = client.open(
            asked.path, method=asked.method, data=body, headers={"Referer": "http://portal.test/", **kinds},
            base_url=self._theatre.rt.settings.base_url, environ_overrides=environ, buffered=True)
        return int(answer.status_code)

    def _mend(self) -> None:
        """Open what was ended and forget tries, so that later requests get as far as earlier ones."""
        own = self._theatre.stage.own
        with self._theatre.db.engine.begin() as connection:
            for statement in (
                f"UPDATE portal_link SET revoked_at = NULL WHERE id IN ({own.owed.link.id}, {own.pay_only.id})",
                f"UPDATE portal_link SET revoked_at = NULL WHERE id = {self._theatre.stage.stranger.owed.link.id}",
                "UPDATE debtor SET email_state = 'ok', opted_out_at = NULL",
                "DELETE FROM blocked_address", "DELETE FROM identity_attempt", "DELETE FROM debtor_session",
            ):
                connection.execute(text(statement))
