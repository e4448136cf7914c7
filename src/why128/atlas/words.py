"""What is said of neurons: every sentence and heading of an atlas, a line of a terminal, a cell of a table."""

from __future__ import annotations

from collections.abc import Sequence

from why128.errors import shown
from why128.neurons.ledger import Ledger, Neuron
from why128.statistics.intervals import Interval

# Each flag: of one neuron, of several.
FLAGS = {
    "dead": ("dead (gives 0 to every image)", "dead (give 0 to every image)"),
    "constant": ("constant (gives the same to every image)", "constant (give the same to every image)"),
    "always on": (
        "always on (its activation never bends: it is linear)",
        "always on (their activation never bends: they are linear)",
    ),
    "twin": ("twin of another (gives the same up to a factor)", "twins of others (give the same up to a factor)"),
    "redundant": (
        "redundant (the others explain 99 % of what it gives)",
        "redundant (the others explain 99 % of what they give)",
    ),
}
COLUMNS = {
    "neuron": "its layer and number",
    "fires": "share of images on which what enters its activation is above 0",
    "prefers": "the class that it gives most to",
    "selectivity": "how much more than to the others, from 0 to 1 (Morcos et al. 2018)",
    "speaks for": "the class that its outgoing weights raise most",
    "lost": "points of accuracy lost without it; the interval is paired, and corrected for the number of neurons",
    "lost most": "the class that loses most without it",
    "flags": "what is odd about it",
}


def points(lost: Interval) -> str:
    """What is lost, with its interval: "1.2 points (0.3 to 2.4)"."""
    return f"{100 * lost.mean:.1f} ({100 * lost.low:.1f} to {100 * lost.high:.1f})"


def name(ledger: Ledger, neuron: Neuron) -> str:
    """A neuron as a person calls it: its number, and its layer where there are several."""
    return f"{neuron.layer}.{neuron.number}" if len(ledger.widths) > 1 else str(neuron.number)


def headline(ledger: Ledger) -> str:
    """The network in a line."""
    widths = " and ".join(f"{width:,}" for width in ledger.widths)
    count = sum(ledger.widths)
    return f"{widths} hidden neuron{'s' * (count != 1)}, one by one" if ledger.widths else "No hidden neurons"


def judged(ledger: Ledger) -> str:
    """On what they were looked at."""
    found = ledger.accuracy
    what = "test images" if ledger.part == "test" else "images"
    of = f" of {shown(ledger.data)}" if ledger.data else ""
    return (
        f"Looked at on {len(ledger.images):,} {what}{of}, of which the network answers {100 * found.mean:.1f} % rightly "
        f"({100 * found.low:.1f} to {100 * found.high:.1f} %)."
    )


def costs(ledger: Ledger) -> str:
    """What a neuron of each layer takes: all of one layer take the same."""
    firsts = [ledger.of(layer)[0] for layer in range(1, len(ledger.widths) + 1)]
    several = len(firsts) > 1
    each = [
        f"{one.bytes:,} bytes{f' in layer {one.layer}' * several}, {100 * one.share:.2f} % of the network's multiplications"
        for one in firsts
    ]
    return f"Each neuron takes {'; '.join(each)}." if firsts else ""


def summary(ledger: Ledger) -> list[str]:
    """What stands out, a sentence each."""
    said = []
    for flag, (of_one, of_several) in FLAGS.items():
        found = ledger.flagged(flag.split()[0])
        if found:
            said.append(f"{len(found):,} {of_one if len(found) == 1 else of_several}: {_some(ledger, found)}.")
    if not said:
        said.append("No neuron is dead, constant, always on, a twin or redundant.")
    needed = [one for one in ledger.neurons if one.lost.low > 0]
    said.append(
        f"{len(needed):,} needed: without any one of them alone, fewer images are shown to be answered rightly."
        if needed
        else "Without any one of them alone, no fewer images are shown to be answered rightly."
    )
    if ledger.neurons:
        most = max(ledger.neurons, key=lambda one: one.lost.mean)
        said.append(f"Worth most: {name(ledger, most)}, without which {points(most.lost)} points are lost.")
    return said


def _some(ledger: Ledger, neurons: Sequence[Neuron], most: int = 12) -> str:
    names = [name(ledger, one) for one in neurons[:most]]
    return ", ".join(names) + (f" and {len(neurons) - most:,} more" if len(neurons) > most else "")


def cells(ledger: Ledger, neuron: Neuron) -> dict[str, str]:
    """A neuron's line, by COLUMNS."""
    speaks = max(range(len(neuron.speaks)), key=lambda c: neuron.speaks[c])
    worst = worst_class(neuron)
    return {
        "neuron": name(ledger, neuron),
        "fires": f"{100 * neuron.fires:.1f} %",
        "prefers": "" if neuron.prefers is None else shown(ledger.classes[neuron.prefers]),
        "selectivity": "" if neuron.selectivity is None else f"{neuron.selectivity:.2f}",
        "speaks for": shown(ledger.classes[speaks]),
        "lost": points(neuron.lost),
        "lost most": "" if worst is None else f"{shown(ledger.classes[worst[0]])} {100 * worst[1].mean:.1f}",
        "flags": ", ".join(neuron.flags.words()),
    }


def worst_class(neuron: Neuron) -> tuple[int, Interval] | None:
    """The class that loses most without a neuron, where any loses."""
    found = [(c, lost) for c, lost in enumerate(neuron.lost_by_class) if lost is not None and lost.mean > 0]
    return max(found, key=lambda one: one[1].mean) if found else None


def looks(ledger: Ledger, neuron: Neuron) -> str:
    """What a neuron's picture is, for who cannot see it."""
    way = "weights of all layers up to it, multiplied" if ledger.looks[neuron.layer - 1].composed else "weights"
    return f"{way} of neuron {name(ledger, neuron)}: red for, blue against"


def by_class(neuron: Neuron) -> dict[str, list[str]]:
    """What a neuron does class by class, in words: how often it fires, what it says for the class, and what is lost without it."""
    return {
        "fires": ["" if one is None else f"{100 * one:.1f} %" for one in neuron.fires_by_class],
        "speaks": [f"{one:+.2f}" for one in neuron.speaks],
        "lost": ["" if one is None else points(one) for one in neuron.lost_by_class],
    }


def switched_off(count: int, images: int, before: float, after: float) -> str:
    """What a network does without some of its neurons; shares of 1."""
    if not count:
        return f"With all its neurons it answers {100 * before:.1f} % of {images:,} images rightly."
    return (
        f"Without {'this neuron' if count == 1 else f'these {count:,} neurons'} it answers {100 * after:.1f} % of {images:,} images "
        f"rightly, {abs(100 * (before - after)):.1f} points {'less' if after < before else 'more'} than with {'it' if count == 1 else 'them'}."
        if round(1000 * after) != round(1000 * before)
        else f"Without {'this neuron' if count == 1 else f'these {count:,} neurons'} it answers as many images rightly as before: "
        f"{100 * after:.1f} % of {images:,}."
    )
