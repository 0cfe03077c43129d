"""What an adaptation says in words, harm as plainly as gain."""

from __future__ import annotations

import math

from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY
from xfer_core.adaptation.results import Adaptation, Measure, Outcome
from xfer_core.i18n import N_, Said, as_message
from xfer_core.runs.store import LIVE

HELPED = N_(
    "{method} helped on “{target}”: macro-F1 rose by {gain:.3f} (95% between {low:+.3f} and {high:+.3f};"
    " test texts: {n:,})."
)
HURT = N_(
    "{method} hurt on “{target}”: macro-F1 fell by {loss:.3f} (95% between {low:+.3f} and {high:+.3f};"
    " test texts: {n:,}). Without adapting the model reads it better."
)
UNSURE = N_(
    "Whether {method} helps on “{target}” cannot be told: {gain:+.3f} macro-F1 (95% between {low:+.3f} and"
    " {high:+.3f}; test texts: {n:,})."
)
AT_HOME = N_(
    "On “{source}” itself {method} lost {loss:.3f} macro-F1 (95% between {low:+.3f} and {high:+.3f})."
)
STEPPED = N_("{method} was stopped after {steps:,} steps, so it had less training than the others had.")
UNTOUCHED = N_(
    "The best step of {method} is the untuned model's: no later one read the source validation texts better."
)
NOTHING = N_(
    "No method clearly helped on “{target}”: source only is as good a choice as any, and the cheapest."
)
ALL_HURT = N_("Every method hurt on “{target}”. Do not adapt by these; use source only.")
CHOSEN = N_(
    "The model kept is that of {method}, which reads the validation texts of “{source}” best. Nothing was"
    " chosen by labels of “{target}”."
)
TIED = N_("Those texts are read just as well by {methods}: {method} is kept since none of them costs less.")
TOLD = N_("The model kept is that of {method}, as you asked.")
OTHER = N_(
    "By the labels of its test texts, “{target}” is read better by {method}, by {difference:.3f} macro-F1."
    " Source validation texts cannot show that; if you trust it, keep that method's model the next time."
)
MASKED = N_(
    "Masked words of “{target}”: {start:.2f} nats at first, {after:.2f} at the end"
    " (a factor of {factor:,.0f} in probability a word)."
)
HEAD = N_("The new head for words alone took {seconds:.0f} s and brought it to {loss:.2f} nats.")
READ_ON = N_("Reading on took {seconds:.0f} s and {steps:,} steps over {texts:,} texts without labels.")
ROUND = N_("Round {round}: {believed:,} of {of:,} target texts were believed, as {labels}.")
CHANGED = N_("{changed:,} of them had another label in the round before.")
APART = N_(
    "By what its classifier reads, a linear probe tells the two domains apart with a balanced accuracy of"
    " {after:.2f} (source only: {before:.2f}; chance: 0.50)."
)
TRUE_SHARE = N_("{n} × {label}")


def title(method: str) -> Said:
    """A method's name, to be translated where it is shown."""
    return as_message(METHODS[method].title)


def headline(found: Adaptation) -> list[Said]:
    """What to make of it in all: who clearly helped and who clearly hurt, and whose model is kept."""
    gains = [(each, each.target_gain) for each in found.adapted if each.target_gain is not None]
    gains.sort(key=_by_gain)
    said = [verdict(found, each) for each, gain in gains if gain.low > 0 or gain.high < 0]
    if gains and not any(gain.low > 0 for _, gain in gains):
        worse = all(gain.high < 0 for _, gain in gains)
        said.insert(0, as_message(ALL_HURT if worse else NOTHING, target=found.config.target))
    return said + kept(found)


def _by_gain(pair: tuple[Outcome, Measure]) -> float:
    return -pair[1].value


def kept(found: Adaptation) -> list[Said]:
    """Whose model is left and why, and whose the target's labels would have chosen."""
    if not found.chosen or found.state in LIVE:  # the next method may change it
        return []
    if found.config.keep == found.chosen:
        return [as_message(TOLD, method=title(found.chosen))]
    said = [as_message(CHOSEN, method=title(found.chosen), source=found.config.source,
                       target=found.config.target)]  # fmt: skip
    best, mine = found.best, found.outcome(found.chosen)
    if tied := _tied(found, mine):
        said.append(as_message(TIED, method=title(mine.method),
                               methods=[title(each.method) for each in tied]))  # fmt: skip
    if best.method != found.chosen and best.target and mine.target:
        difference = best.target.value - mine.target.value
        if difference > 0:
            said.append(as_message(OTHER, target=found.config.target, method=title(best.method),
                                   difference=difference))  # fmt: skip
    return said


def _tied(found: Adaptation, mine: Outcome) -> list[Outcome]:
    """The other methods that read the validation texts of the source as well as *mine*."""
    others = (each for each in (found.before, *found.adapted) if each.method != mine.method)
    return [each for each in others if (each.state, each.validation) == (mine.state, mine.validation)]


def verdict(found: Adaptation, outcome: Outcome) -> Said:
    """Whether a method helped on the target; *outcome* has a gain."""
    gain = outcome.target_gain
    assert gain is not None
    about = {"method": title(outcome.method), "target": found.config.target, "low": gain.low,
             "high": gain.high, "n": gain.n}  # fmt: skip
    if gain.low > 0:
        return as_message(HELPED, gain=gain.value, **about)
    if gain.high < 0:
        return as_message(HURT, loss=-gain.value, **about)
    return as_message(UNSURE, gain=gain.value, **about)


def details(found: Adaptation, outcome: Outcome) -> list[Said]:
    """Everything else worth knowing of one method."""
    method, said = title(outcome.method), []
    if outcome.target_gain is not None:
        said.append(verdict(found, outcome))
    home = outcome.source_gain
    if home is not None and home.high < 0:
        said.append(as_message(AT_HOME, source=found.config.source, method=method, loss=-home.value,
                               low=home.low, high=home.high))  # fmt: skip
    if outcome.state == "stopped" and outcome.steps:
        said.append(as_message(STEPPED, method=method, steps=outcome.steps))
    if outcome.measured and outcome.best_step == 0:
        said.append(as_message(UNTOUCHED, method=method))
    if outcome.method != SOURCE_ONLY and outcome.domain is not None and found.before.domain is not None:
        said.append(as_message(APART, after=outcome.domain, before=found.before.domain))
    return said + _masked(found, outcome) + _rounds(outcome)


def _masked(found: Adaptation, outcome: Outcome) -> list[Said]:
    told = {each["stage"]: each for each in outcome.about.get("masked_loss", ())}
    if "after" not in told:
        return []
    start, after = float(told["start"]["loss"]), float(told["after"]["loss"])
    said = [as_message(MASKED, target=found.config.target, start=start, after=after,
                       factor=math.exp(start - after))]  # fmt: skip
    if "head" in told:
        said.append(as_message(HEAD, seconds=told["head"]["seconds"], loss=float(told["head"]["loss"])))
    said.append(as_message(READ_ON, seconds=told["after"]["seconds"], steps=found.config.pretrain_steps,
                           texts=outcome.about["texts"]))  # fmt: skip
    return said


def _rounds(outcome: Outcome) -> list[Said]:
    said = []
    for each in outcome.about.get("rounds", ()):
        labels = [as_message(TRUE_SHARE, n=n, label=label) for label, n in each["labels"].items()]
        said.append(as_message(ROUND, round=each["round"], believed=each["believed"], of=each["of"],
                               labels=labels))  # fmt: skip
        if each["changed"] is not None:
            said.append(as_message(CHANGED, changed=each["changed"]))
    return said
