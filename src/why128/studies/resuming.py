"""Going on with a study that was stopped: whether a folder holds it, and how its question is asked again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from why128.activations import Activation
from why128.data.images import Dataset
from why128.errors import InputRefused, UsageError, Why128Error, shown
from why128.recipe import Recipe
from why128.studies import store as stores
from why128.studies.bench import versions
from why128.studies.plan import Plan
from why128.studies.study import plan_of
from why128.studies.until import Until


def question(plan: Plan, data: Dataset, until: Until | None) -> dict[str, Any]:
    """What a study asks, as JSON: where these are equal, so is the answer."""
    return {"plan": plan.document(), "fingerprint": data.fingerprint, "until": until and asdict(until)}


def check(folder: str | os.PathLike, asked: Mapping[str, Any]) -> bool:
    """Whether a folder holds the answer to this question already; false where it is to be sought, or gone on with.

    Raises UsageError where the folder holds another study, InputRefused where it is of other data or was begun by other
    versions: what would come of both is neither's.
    """
    if not stores.is_begun(folder):
        return False
    notes = stores.read(folder)[0]
    if notes.get("fingerprint") != asked["fingerprint"]:
        raise InputRefused(
            f"{shown(folder)}: a study of other data; expected that of these ({shown(asked['fingerprint'][:12])}…), "
            f"found {shown(str(notes.get('fingerprint'))[:12])}…; nothing was changed",
            hint="give the data as it was, or another folder with --out",
        )
    plan = {"precision": Recipe.precision} | notes.get("plan", {})  # of studies from before there was a choice
    differs = [name for name in asked["plan"] if plan.get(name) != asked["plan"][name]]
    if differs or notes.get("until") != asked["until"]:
        raise UsageError(
            f"{shown(folder)}: another study, with other {shown(', '.join(differs) or 'limits')}; nothing was changed",
            hint=f"give another folder with --out, or go on with that one: {stores.going_on(folder)}",
        )
    if notes.get("finished"):
        return True
    _check_versions(folder, notes)
    return False


def _check_versions(folder: str | os.PathLike, notes: Mapping[str, Any]) -> None:
    begun, now = notes.get("environment", {}).get("versions", {}), versions()
    other = [name for name in now if begun.get(name) != now[name]]
    if other:
        was, is_ = (", ".join(f"{name} {shown(of.get(name))}" for name in other) for of in (begun, now))
        raise InputRefused(
            f"{shown(folder)}: a study that was begun with {was}, this is {is_}; its networks would be of two kinds",
            hint="install those versions, or begin anew in another folder with --out",
        )


def own_folder(plan: Plan, data: Dataset, until: Until | None) -> Path:
    """The folder of a study that was given none: where this question was begun and not ended, or else a new one."""
    asked = question(plan.on(data), data, until)
    for folder in stores.folders(data.name):
        try:
            if stores.is_begun(folder) and not stores.is_written(folder) and not check(folder, asked):
                return folder
        except Why128Error:
            continue  # another study, which is no hindrance
    return stores.new_folder(data.name)


@dataclass(frozen=True)
class Asked:
    """What was asked by a study that was stopped."""

    plan: Plan
    until: Until | None
    source: Mapping[str, Any] | None  # how its data was opened; None where it was given as arrays
    name: str  # what its data was called


def again(folder: str | os.PathLike, own: Sequence[Activation] = ()) -> Asked:
    """The question of the study in a folder; `own` as in `study.read`.  Raises InputRefused for what is no study."""
    notes = stores.read(folder)[0]
    try:
        limits = notes["until"]
        until = None if limits is None else Until(**limits)
        return Asked(plan_of(folder, notes, own), until, notes["source"], notes["subject"]["name"])
    except (KeyError, TypeError) as fault:
        raise stores.damaged(folder, fault) from None
