"""What words to debtors must not hold: threats anywhere, and in a subject anything that tells a bystander of a debt.

Pure. Word lists by language. A text is read against all of them, whatever language it says it is in. `*` at the end of
a word stands for any ending.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

Words = Mapping[str, tuple[str, ...]]

# Refused in everything a debtor reads: fear, force, shame and what a business cannot do by itself.
THREATS: Words = {
    "en": (
        "or else", "legal action*", "legal steps", "legal consequences", "sue you", "will sue", "to sue", "sued",
        "suing", "lawsuit*",
        "take you to court", "see you in court", "prosecut*", "police", "arrest*", "jail*", "prison*", "criminal*",
        "garnish*", "seize", "seized", "seizure", "repossess*", "credit score*", "credit rating*", "credit report*",
        "credit bureau*", "blacklist*", "your employer", "your boss", "your family", "your neighbors",
        "your neighbours", "your wages", "consequences", "last chance", "final warning", "last warning", "we warn",
        "warn you", "be warned", "threat*", "punish*", "regret it", "will regret", "suffer*", "force you",
        "deadbeat*", "thief", "thieves", "steal*", "stole*", "fraud*", "liar*", "dishonest*", "shame*", "disgrac*",
    ),
    "es": (
        "o si no", "acciones legales", "accion legal", "medidas legales", "consecuencias", "demandarle*",
        "demandarlo*", "demandarla*", "demandaremos", "demanda judicial", "llevarle a juicio", "llevarlo a juicio",
        "policia", "denunci*", "arrest*", "carcel", "prision", "delito*", "embarg*", "incautar*", "confisc*",
        "historial crediticio", "historial de credito", "calificacion crediticia", "puntaje de credito", "moroso*",
        "morosa*", "morosidad", "lista negra", "su jefe", "su empleador", "su familia", "sus vecinos", "su nomina",
        "su sueldo", "atengase", "ultima oportunidad", "ultima advertencia", "le advertimos", "advertencia*",
        "amenaz*", "castig*", "arrepentira*", "sufrir*", "obligarle", "obligarlo", "verguenza", "sinverguenza*",
        "estafador*", "ladron*", "robar", "robado", "mentiros*", "fraud*",
    ),
}

# Allowed where they are true and needed, and worth a second look before they are kept.
HEAVY: Words = {
    "en": (
        "court*", "lawyer*", "attorney*", "agency", "agencies", "collector*", "bailiff*", "enforce*", "penalt*",
        "immediately", "you must", "demand*", "failure to", "fail to", "failed to", "ignore*", "ignoring",
        "debt*", "urgent*", "serious*",
    ),
    "es": (
        "tribunal*", "juzgado*", "abogad*", "agencia*", "ejecut*", "penaliz*", "inmediatamente", "de inmediato",
        "usted debe", "debe usted", "exig*", "de lo contrario", "incumpl*", "ignor*", "deuda*", "urgent*", "grave*",
    ),
}

# Refused in a subject: who looks over a shoulder must not learn that something is owed.
TELLING: Words = {
    "en": (
        "debt*", "owe", "owes", "owed", "owing", "overdue", "due", "unpaid", "outstanding", "arrears", "delinquent*",
        "invoice*", "bill", "bills", "billed", "billing", "balance*", "amount*", "sum", "sums", "pay", "pays", "paid",
        "paying", "payment*", "payable", "collect*", "remind*", "late", "deadline*", "demand*", "notice", "dunning",
        "installment*", "instalment*", "fee", "fees", "interest", "account*", "settle*", "money", "lawyer*",
        "attorney*", "court*", "agency", "urgent*", "final",
    ),
    "es": (
        "deuda*", "deudor*", "debe", "deben", "debes", "adeud*", "vencid*", "vence", "vencer*", "vencimiento*",
        "impag*", "pendiente*", "atras*", "moros*", "factura*", "cuenta*", "saldo*", "importe*", "monto*", "suma",
        "pago*", "pagar*", "pague*", "paga", "pagado*", "pagada*", "cobr*", "recordatorio*", "recordar*",
        "recordamos", "tarde", "plazo*", "reclam*", "aviso*", "cuota*", "recargo*", "interes", "intereses", "dinero",
        "abogad*", "tribunal*", "juzgado*", "urgent*",
    ),
}

_SUM = re.compile(r"[$€£¥₹]|\d+[.,]\d{2}(?!\d)|\b(?:USD|EUR|GBP|MXN|CAD|AUD)\b")
_SHOUTED = re.compile(r"\b[^\W\d_]{4,}\b")
FEWEST_SHOUTED = 2


def threats(text: str) -> list[str]:
    """Name the threats in a text, as they stand in the list, [] when there is none."""
    return _found(text, THREATS)


def heavy(text: str) -> list[str]:
    """Name the words of a text that weigh much and may still be right, [] when there is none."""
    return _found(text, HEAVY)


def telling(subject: str) -> list[str]:
    """Name what in a subject tells a bystander of a debt: a word, or a sum of money; [] when nothing does."""
    return [*_found(subject, TELLING), *(match[0] for match in _SUM.finditer(subject))]


def shouts(text: str) -> bool:
    """Say whether a text shouts: several words in capitals, or exclamation marks in a row."""
    shouted = [word for word in _SHOUTED.findall(text) if word.isupper()]
    return len(shouted) >= FEWEST_SHOUTED or "!!" in text


def _found(text: str, lists: Words) -> list[str]:
    spelled = f" {_plain(text)} "
    return [phrase.rstrip("*") for phrase in _all(lists) if _stands(phrase, spelled)]


def _stands(phrase: str, spelled: str) -> bool:
    return f" {phrase[:-1]}" in spelled if phrase.endswith("*") else f" {phrase} " in spelled


def _all(lists: Words) -> Iterable[str]:
    return dict.fromkeys(phrase for phrases in lists.values() for phrase in phrases)


def _plain(text: str) -> str:
    """Take case, accents and signs away: "¡La CÁRCEL!" is "la carcel"."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[^\W_]+", bare))
