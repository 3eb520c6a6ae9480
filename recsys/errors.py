"""The recommender room's branch of the error tree.

RecsysError
├── TooFewInteractions     nothing to learn from
├── UnknownModel           a model name that is not registered
├── UnknownCustomer        a customer nobody knows, where a fallback makes no sense
├── UnknownVariant         a variant nobody knows
├── UnknownStyle           a style nobody knows
├── BadRequest             a number of recommendations or a line that makes no sense
├── BadRules               a rule that names what nobody knows, or makes no sense
├── TooFewCustomers        an arm of an experiment with nobody to compare
├── TooManyVariants        a model whose matrix would not fit in memory
├── BadLog                 a log of served lists, or a policy, that cannot be judged by
├── ModelRefused           a saved model that is altered, incomplete or of another version
└── GroupsRefused          saved customer groups that are altered, incomplete or of another version
"""

from __future__ import annotations

from data.errors import AtelierError


class RecsysError(AtelierError):
    """The recommender room's branch."""

    code = "recsys"


class TooFewInteractions(RecsysError):
    """Nothing to learn from."""

    code = "recsys.too-few-interactions"


class UnknownModel(RecsysError):
    """A model name that is not registered."""

    code = "recsys.unknown-model"


class BadSettings(RecsysError):
    """A model's setting that does not exist or is out of bounds."""

    code = "recsys.bad-settings"


class UnknownCustomer(RecsysError):
    """A customer nobody knows, where a fallback makes no sense."""

    code = "recsys.unknown-customer"


class UnknownVariant(RecsysError):
    """A variant nobody knows."""

    code = "recsys.unknown-variant"


class UnknownStyle(RecsysError):
    """A style nobody knows."""

    code = "recsys.unknown-style"


class BadRules(RecsysError):
    """A rule of a list that names what nobody knows, or a figure that makes no sense."""

    code = "recsys.bad-rules"


class BadRequest(RecsysError):
    """A number of recommendations or a line that makes no sense."""

    code = "recsys.bad-request"


class BadLog(RecsysError):
    """A log of served lists, or a policy, that cannot be judged by."""

    code = "recsys.bad-log"


class TooFewCustomers(RecsysError):
    """An arm of an experiment with nobody to compare."""

    code = "recsys.too-few-customers"


class TooManyVariants(RecsysError):
    """A model whose matrix would not fit in memory."""

    code = "recsys.too-many-variants"


class ModelRefused(RecsysError):
    """A saved model that is altered, incomplete or of another version."""

    code = "recsys.model-refused"


class GroupsRefused(RecsysError):
    """Saved customer groups that are altered, incomplete or of another version."""

    code = "recsys.groups-refused"


class JournalRefused(RecsysError):
    """Trials of another search, or ones that cannot be read."""

    code = "recsys.journal-refused"
