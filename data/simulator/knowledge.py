"""The knowledge table of the generated maker, and other ways to ask what it answers.

The texts lie in knowledge.toml and are the same in every market; those of a style are written for
the first style of each range. Nothing is drawn.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pandas as pd

LANGUAGES = ("en", "zh")


def knowledge_frames(variants: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The knowledge table, and the questions held out.

    Args:
        variants: the catalogue, with `category`.

    Returns:
        Entries: answer_id, question, answer, also_asked, style_id (missing: of no style),
        language. Questions, one an entry, held out of it: question, answer_id (missing: nobody can
        answer it), language.
    """
    texts = tomllib.loads(files("data.simulator").joinpath("knowledge.toml").read_text("utf-8"))
    entries: list[dict[str, str | None]] = []
    questions: list[dict[str, str | None]] = []
    for answer_id, style_id, title, told in _topics(texts, variants):
        for language in LANGUAGES:
            words, its_id = told[language], f"{answer_id}.{language}"
            question, answer = (words[name].format(title=title) for name in ("question", "answer"))
            *also, held_out = (asked.format(title=title) for asked in words["asked"])
            entries.append(
                {
                    "answer_id": its_id,
                    "question": question,
                    "answer": answer,
                    "also_asked": " | ".join(also),
                    "style_id": style_id,
                    "language": language,
                }
            )
            questions.append({"question": held_out, "answer_id": its_id, "language": language})
    for language in LANGUAGES:
        questions += [
            {"question": asked, "answer_id": None, "language": language}
            for asked in texts["unanswered"][language]
        ]
    return pd.DataFrame(entries, dtype="str"), pd.DataFrame(questions, dtype="str")


def _topics(
    texts: dict[str, Any], variants: pd.DataFrame
) -> Iterator[tuple[str, str | None, str, dict[str, Any]]]:
    """Id, style, the style's title and the texts of each topic."""
    for entry in texts["entries"]:
        yield entry["id"], None, "", entry
    firsts = variants.drop_duplicates("category")
    for entry in texts["styles"]:
        for style_id, title in zip(firsts["style_id"], firsts["title"], strict=True):
            yield f"{entry['id']}.{style_id}", style_id, title.split(",")[0], entry
