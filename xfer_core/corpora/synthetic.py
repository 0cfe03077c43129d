"""A small corpus of our own, so that every page works without a network: four domains, two labels.

Sentences are put together from word lists with a seed. Each domain has things, praise and blame of its
own and shares some words with the others, so that transfer between domains can be seen; it says nothing about
real text, and the corpus's notes say so.
"""

from __future__ import annotations

import random
import re

import pandas as pd

from xfer_core.corpora.columns import Columns
from xfer_core.corpora.corpus import Corpus, build
from xfer_core.corpora.reading import Reading
from xfer_core.corpora.table import Table
from xfer_core.i18n import N_

DOMAINS = ("books", "hotels", "phones", "restaurants")
PER_GROUP = 100
ROWS = len(DOMAINS) * 2 * PER_GROUP

_THINGS = {
    "books": "the plot|the ending|the narrator|the second chapter|the translation|the dialogue|"
    "the main character|the first half|the prose|the index",
    "hotels": "the room|the front desk|the breakfast|the bathroom|the view|the lift|the pillow|"
    "the lobby|the heating|the pool",
    "phones": "the battery|the camera|the screen|the charger|the speaker|the last update|"
    "the scanner|the case|the signal|the keyboard",
    "restaurants": "the soup|the waiter|the house wine|the dessert|the bread|the kitchen|"
    "the corner table|the lunch menu|the fish|the bill",
}
_PRAISE = {
    "books": "kept me reading past midnight|is beautifully observed|earns every page|"
    "made me laugh aloud|is worth reading twice",
    "hotels": "was spotless|felt like home|was quiet all night|delighted the children|"
    "was ready two hours early",
    "phones": "works for two full days|is razor sharp|is ready in half an hour|never lets me down|"
    "survived a fall",
    "restaurants": "was cooked to perfection|arrived within minutes|tasted of the sea|was generous|"
    "made us stay for hours",
}
_BLAME = {
    "books": "goes nowhere|is full of misprints|put me to sleep|contradicts itself|"
    "could lose two hundred pages",
    "hotels": "smelled of damp|was still dirty at noon|kept us awake|was nothing like the pictures|"
    "was out of order",
    "phones": "gives up before noon|freezes twice a day|overheats in the hand|"
    "cracked within a week|drains everything",
    "restaurants": "came cold|was tough as leather|took an hour|was half as big as last year|"
    "upset my stomach",
}
_GOOD = "wonderful|excellent|a pleasure|better than expected|impressive|lovely|great value"
_BAD = "terrible|disappointing|a waste of money|worse than expected|annoying|awful|overpriced"
# An empty choice leaves its place empty.
_OPENERS = (
    "Honestly, |For the price, |On our second visit |After a month, |To be fair, |This time |All in all, ||||"
)
_MORE_GOOD = (
    "I would choose it again.|My sister agrees.|Five stars from me.|Highly recommended.|We are happy.|||"
)
_MORE_BAD = "I want my money back.|Never again.|My sister warned me.|One star is too many.|Look elsewhere.|||"
_FRAMES = (
    "{opener}{thing} {own}. {more}",
    "{opener}{thing} {own}, and {other} was {word}. {more}",
    "{opener}{other} was {word}. {thing} {own}. {more}",
    "I do not say this often: {thing} {own}. {more}",
    "{opener}{thing} was {word}; {other} {own}. {more}",
    "Everybody talks about {other}, but {thing} {own}. {more}",
)


def corpus(seed: int = 0) -> Corpus:
    """The synthetic corpus; the same seed gives the same texts and split."""
    tables = {domain: _table(domain, random.Random(f"{seed} {domain}")) for domain in DOMAINS}
    made = build(tables, Columns("text", "label"), name="synthetic", seed=seed)
    return made.noted(
        N_("These texts are synthetic, made from word lists: they only show how to read a page.")
    )


def _table(domain: str, draw: random.Random) -> Table:
    rows: dict[str, str] = {}
    for label, own, words, more in (
        ("negative", _BLAME, _BAD, _MORE_BAD),
        ("positive", _PRAISE, _GOOD, _MORE_GOOD),
    ):
        wanted = len(rows) + PER_GROUP
        while len(rows) < wanted:
            rows[_text(domain, own[domain], words, more, draw)] = label
    items = list(rows.items())
    draw.shuffle(items)
    frame = pd.DataFrame(items, columns=["text", "label"], dtype="str")
    return Table(frame, Reading("csv"), [], 0, [], domain)


def _text(domain: str, own: str, words: str, more: str, draw: random.Random) -> str:
    thing, other = draw.sample(_THINGS[domain].split("|"), 2)
    text = draw.choice(_FRAMES).format(
        opener=draw.choice(_OPENERS.split("|")),
        thing=thing,
        other=other,
        own=draw.choice(own.split("|")),
        word=draw.choice(words.split("|")),
        more=draw.choice(more.split("|")),
    )
    return re.sub(r"(^|[.] )([a-z])", lambda found: found[0].upper(), text).strip()
