"""Saved models that arms of experiments name, as the settings say them."""

from __future__ import annotations

from dataclasses import dataclass

from api.errors import SettingsError
from api.settings import Settings
from data.errors import AtelierError
from data.workspace import Workspace
from recsys.saved.standing import standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmModel:
    """An arm that names a saved model.

    Attributes:
        experiment: the experiment's name.
        arm: the arm's.
        model_id: the saved version, as the settings name it.
    """

    experiment: str
    arm: str
    model_id: str

    @property
    def who(self) -> str:
        """The arm in words."""
        return f"arm '{self.arm}' of experiment '{self.experiment}'"

    def refused(self, error: AtelierError) -> SettingsError:
        """That the arm's model cannot be used, and why."""
        return SettingsError(
            f"The model of {self.who} cannot be used: {error.what}",
            where=f"experiments.{self.experiment}.arms.{self.arm}.model = '{self.model_id}'",
            fix=f"{error.fix} Or let the arm name another one, or none for the current one.",
        )


def arm_models(settings: Settings) -> tuple[ArmModel, ...]:
    """The arms of the experiment that runs which name a model, by name."""
    running = settings.experiment
    return (
        ()
        if running is None
        else tuple(one for one in _all(settings) if one.experiment == running[0])
    )


def named_models(workspace: Workspace, settings: Settings) -> dict[str, str]:
    """Saved versions that an arm of any experiment stands on, and in words which."""
    named: dict[str, list[str]] = {}
    for one in _all(settings):
        named.setdefault(standing(workspace, one.model_id), []).append(one.who)
    return {model_id: " and ".join(arms) for model_id, arms in named.items()}


def _all(settings: Settings) -> tuple[ArmModel, ...]:
    return tuple(
        ArmModel(experiment=name, arm=arm, model_id=said.model)
        for name, experiment in sorted(settings.experiments.items())
        for arm, said in sorted(experiment.arms.items())
        if said.model is not None
    )
