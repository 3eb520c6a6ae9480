"""Finding entries of a knowledge table: by words, by pieces of words, in two languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import SourceError
from data.simulator.knowledge import knowledge_frames
from recsys.answers.evaluation import evaluate_answers, share
from recsys.answers.knowledge import OWN, Knowledge
from recsys.answers.lexical import Lexical
from recsys.answers.questions import read_questions
from recsys.answers.text import terms

STYLES = {"SH1": "Anise shirt", "KN1": "Briar jumper"}
VARIANTS = pd.DataFrame(
    {
        "style_id": ["SH1", "KN1"],
        "title": ["Anise shirt, white, M", "Briar jumper, red, S"],
        "category": ["shirts", "knitwear"],
    }
)
TABLE, QUESTIONS = knowledge_frames(VARIANTS)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(TABLE, STYLES)


def best(knowledge: Knowledge, question: str, **rest: object) -> str | None:
    found = knowledge.find(question, 1, **rest)  # type: ignore[arg-type]  # as a caller says it
    return found[0].answer_id if found else None


@pytest.mark.parametrize("row", range(len(TABLE)))
def test_every_question_of_the_table_finds_its_own_entry(knowledge: Knowledge, row: int) -> None:
    assert best(knowledge, str(TABLE["question"][row])) == TABLE["answer_id"][row]


@pytest.mark.parametrize(
    ("question", "answer_id"),
    [
        ("WASHING of wool???", "wash-wool.en"),  # pieces of words, whatever case and marks
        ("can i pay by card", "payment.en"),
        ("我想退货", "return.zh"),
        ("怎么修改地址", "change-address.zh"),
        ("\uff33hrinking cotton", "shrink-cotton.en"),  # full width
    ],
)
def test_other_words_find_it_too(knowledge: Knowledge, question: str, answer_id: str) -> None:
    assert best(knowledge, question) == answer_id


@pytest.mark.parametrize("question", ["", " ", "?!", "zzz qqq xxx", "猫猫", "\U0001f600", "_"])
def test_what_nothing_answers_gets_nothing(knowledge: Knowledge, question: str) -> None:
    assert knowledge.find(question, 3) == []


def test_a_customer_s_own_style_comes_first(knowledge: Knowledge) -> None:
    def asked(*styles: str) -> list[str]:
        found = knowledge.find("Does it run small?", 5, styles=styles)
        return [one.style_id for one in found if one.style_id]

    assert asked("SH1")[0] == "SH1"
    assert asked("KN1")[0] == "KN1"
    plain = {one.answer_id: one.score for one in knowledge.find("Does it run small?", 9)}
    for one in knowledge.find("Does it run small?", 9, styles=["SH1"]):
        lift = OWN if one.style_id == "SH1" else 0.0
        assert one.score == pytest.approx(plain[one.answer_id] + lift, abs=1e-9)
        assert one.own == (one.style_id == "SH1")


def test_a_named_style_outweighs_the_customer_s_own(knowledge: Knowledge) -> None:
    assert best(knowledge, "Does the Briar jumper run small?", styles=["SH1"]) == "fit.KN1.en"


def test_what_was_ordered_makes_no_answer_of_what_is_none(knowledge: Knowledge) -> None:
    assert knowledge.find("zzz qqq", 3, styles=["SH1", "KN1"]) == []


def test_a_language_is_kept_to(knowledge: Knowledge) -> None:
    found = knowledge.find("Anise shirt", 9, language="zh")
    assert found
    assert {one.language for one in found} == {"zh"}
    assert len(knowledge.find("Anise shirt", 1)) == 1


def test_the_same_table_gives_the_same_answers_in_any_order(knowledge: Knowledge) -> None:
    again = Knowledge(TABLE.sample(frac=1, random_state=4), STYLES)
    for question in QUESTIONS["question"]:
        assert knowledge.find(question, 5, least=0) == again.find(question, 5, least=0)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tables_of_any_size_can_be_asked(rows: int) -> None:
    small = Knowledge(TABLE[["answer_id", "question", "answer"]].head(rows), {})
    assert len(small) == rows
    assert len(small.find(str(TABLE["question"][0]), 3)) == min(rows, 1)


def test_scores_are_shares() -> None:
    lexical = Lexical(["wash wool", "wash cotton"])
    scores = lexical.scores("wash wool")
    assert (scores >= 0).all()
    assert (scores <= 1).all()
    assert scores[0] > scores[1] > 0
    assert lexical.scores("wash wool please tomorrow")[0] < scores[0]  # words nobody knows


def test_scripts_without_spaces_are_taken_by_characters() -> None:
    assert terms("\uff21BC退货ok") == ["abc", "退", "货", "退货", "ok"]
    assert terms("class glasses bus") == ["class", "glasse", "bus"]


def test_held_out_questions_are_found(knowledge: Knowledge) -> None:
    everything, *languages = evaluate_answers(knowledge, QUESTIONS)
    assert [one.language for one in languages] == ["en", "zh"]
    for one in (everything, *languages):
        assert one.recall[3].value is not None
        assert one.recall[3].value >= 0.8
        assert one.recall[1].hits <= one.recall[3].hits
        assert one.refused.value is not None
        assert one.refused.value >= 0.5
    assert everything.recall[1].of == len(TABLE)


def test_questions_come_from_a_file(tmp_path: Path) -> None:
    QUESTIONS.to_csv(tmp_path / "q.csv", index=False)
    read = read_questions(tmp_path / "q.csv")
    assert read["answer_id"].isna().sum() == QUESTIONS["answer_id"].isna().sum()
    np.testing.assert_array_equal(read["question"], QUESTIONS["question"])
    (tmp_path / "bad.csv").write_text("question\nx\n")
    with pytest.raises(SourceError):
        read_questions(tmp_path / "bad.csv")


def test_no_question_is_no_figure() -> None:
    assert share(0, 0).value is None
    assert share(10, 10).high == pytest.approx(1.0)
