"""Does an answer mean "stop"? Judged by the whole of it: one word of many changes nothing. English and Spanish. Pure.

"Stop." and "Please unsubscribe me, thanks" do. "Stop the work on the patio" and "Can I cancel the second visit?" do
not: those are questions, and people answer them.
"""

from __future__ import annotations

import re
import unicodedata

# Longer answers have more to say than that.
LONGEST = 160
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
_SIGNS = re.compile(r"[^a-z0-9' ]+")
# What people put around it, and what changes nothing about it.
_POLITE = frozenset(re.findall(r"\S+", """
    please pls plz kindly thanks thank you ty hi hello hey dear regards best kind sincerely cheers now immediately at
    once asap just i'd i would like to want wish ok okay
    por favor gracias muchas hola buenas buenos dias tardes noches saludos un saludo cordial atentamente ya ahora
    inmediatamente quiero quisiera deseo solicito estimados estimado estimada senores
"""))
_SAYINGS = frozenset({
    "stop", "stop it", "stop this", "stop all", "stopall", "end", "quit", "cancel", "unsubscribe", "unsubscribe me",
    "unsubscribe from this list", "unsubscribe me from this list", "opt out", "optout", "opt me out", "remove",
    "remove me", "remove me from this list", "remove me from your list", "remove me from the list",
    "remove me from your mailing list", "take me off", "take me off this list", "take me off your list",
    "take me off your mailing list", "no more emails", "no more mails", "no more reminders", "no more messages",
    "no emails", "stop emails", "stop the emails", "stop these emails", "stop all emails", "stop emailing me",
    "stop emailing", "stop sending me emails", "stop sending emails", "stop sending me these", "stop sending these",
    "stop sending me these emails", "stop sending these emails", "stop writing me", "stop writing to me",
    "stop contacting me by email", "do not email me", "don't email me", "dont email me", "do not email me again",
    "don't email me again", "dont email me again", "do not email me anymore", "don't email me anymore",
    "do not send me emails", "don't send me emails", "do not send me any more emails", "don't send me any more emails",
    "do not send me any emails", "cancel emails", "cancel these emails", "cancel subscription",
    "cancel my subscription", "cancel email", "cancel reminders",
    "baja", "dar de baja", "darme de baja", "darse de baja", "de baja", "dame de baja", "deme de baja",
    "denme de baja", "me de baja", "me den de baja", "que me den de baja", "baja de esta lista",
    "darme de baja de esta lista", "alto", "para", "pare", "paren", "parar", "basta", "detener", "detengan",
    "cancelar", "cancelar suscripcion", "cancelar la suscripcion", "cancelar mi suscripcion", "cancele", "cancelen",
    "desuscribir", "desuscribirme", "desuscribanme", "anular suscripcion", "anular la suscripcion", "eliminar",
    "eliminarme", "eliminenme", "eliminenme de la lista", "eliminenme de esta lista", "borrenme",
    "borrenme de la lista", "quitenme de la lista", "quitarme de la lista", "no mas correos",
    "no mas emails", "no mas mensajes", "no mas",
    "no mas recordatorios", "mas correos no", "no recibir mas correos", "no recibir mas emails",
    "no me escriban mas", "no me escriba mas", "no me envien mas correos", "no me envie mas correos",
    "no me envien mas emails", "no me manden mas correos", "no me mande mas correos", "no me envien correos",
    "no mas correos de ustedes", "dejen de escribirme", "deje de escribirme", "dejen de enviarme correos",
    "deje de enviarme correos", "dejen de mandarme correos", "no recibir correos", "no enviar mas correos",
})


def means_stop(text: str, subject: str = "") -> bool:
    """Say whether an answer asks for no more emails: by its words, or by its subject alone when it has no words."""
    if not text.strip():
        # A subject that only repeats ours is none of theirs.
        return _is_stop(subject) and not re.match(r"(?i)\s*(re|aw|rv|fwd?)\s*:", subject)
    return _is_stop(text)


def _is_stop(text: str) -> bool:
    if len(text) > LONGEST or any(line.lstrip().startswith(">") for line in text.splitlines()):
        return False
    words = _plain(text).split()
    if not words:
        return False
    said = {" ".join(words), " ".join(word for word in words if word not in _POLITE)}
    return not said.isdisjoint(_SAYINGS) or any(_line_alone(line) for line in text.splitlines()[:1] if _signed(text))


def _signed(text: str) -> bool:
    """Say whether below the first line stands no more than a name: at most three words."""
    rest = [word for line in text.splitlines()[1:] for word in _plain(line).split()]
    return 0 < len([word for word in rest if word not in _POLITE]) <= 3


def _line_alone(line: str) -> bool:
    words = [word for word in _plain(line).split() if word not in _POLITE]
    return " ".join(words) in _SAYINGS or _plain(line) in _SAYINGS


def _plain(text: str) -> str:
    """Write a text in small letters without accents and signs: "¡Más correos NO!" becomes "mas correos no"."""
    bare = unicodedata.normalize("NFKD", _ADDRESS.sub(" ", text).replace("\u2019", "'").casefold())
    letters = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return " ".join(_SIGNS.sub(" ", letters).split())
