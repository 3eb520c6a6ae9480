"""Sealed text comes back as it was written, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import FieldKeyRefused, SealBroken
from data.sealing import KEY_VARIABLE, MOST_KEYS, Seals, key_id, new_key

OLD, NEW = new_key(), new_key()
SEALED = Seals.of([NEW])
TOKEN = SEALED.seal_text("too small")
ANY = st.text(st.characters(exclude_categories=()))
LOOKING_SEALED = st.sampled_from(["sealed:", "sealed:0:", "sealed:1:", f"sealed:1:{key_id(NEW)}:"])
TEXTS = st.one_of(ANY, st.builds(str.__add__, LOOKING_SEALED, ANY), st.just(TOKEN))


@pytest.mark.parametrize("seals", [Seals.of([]), SEALED, Seals.of(["plain", NEW])])
@given(text=TEXTS)
def test_any_text_comes_back(seals: Seals, text: str) -> None:
    stored = seals.seal_text(text)
    assert seals.open_text(stored) == text
    if seals.newest is not None and text:
        assert stored.startswith(f"sealed:1:{key_id(NEW)}:")
        assert len(text) < 4 or text not in stored.rpartition(":")[2]
    elif not text.startswith("sealed:"):
        assert stored == text


@given(content=st.one_of(st.binary(), st.binary().map(lambda one: b"sealed:1:" + one)))
def test_any_bytes_come_back(content: bytes) -> None:
    for seals in (Seals.of([]), SEALED):
        assert seals.open(seals.seal(content)) == content


def test_a_text_that_looks_sealed_is_never_taken_for_a_sealed_one() -> None:
    """What somebody copied out of the store and wrote as a reason is only a text."""
    for seals in (Seals.of([]), SEALED):
        assert seals.open_text(seals.seal_text(TOKEN)) == TOKEN
    assert SEALED.open_text(TOKEN) == "too small"


def test_equal_texts_are_sealed_differently() -> None:
    assert SEALED.seal_text("too small") != TOKEN


def test_keys_change_one_after_the_other() -> None:
    old = Seals.of([OLD]).seal_text("a")
    both = Seals.of([NEW, OLD])
    assert both.open_text(old) == "a"
    assert key_id(NEW) in both.seal_text("b")
    assert SEALED.open_text(both.seal_text("b")) == "b"
    with pytest.raises(FieldKeyRefused, match=r"given are others.*NEW,OLD") as refused:
        SEALED.open_text(old)
    assert refused.value.where == f"environment {KEY_VARIABLE}, key {key_id(OLD)}"
    back = Seals.of(["plain", NEW, OLD])
    assert back.open_text(old) == "a"
    assert back.seal_text("c") == "c"


def test_without_a_key_it_says_which_variable_to_set() -> None:
    with pytest.raises(FieldKeyRefused, match=f"Set {KEY_VARIABLE} to the key") as refused:
        Seals.of([]).open_text(TOKEN)
    assert "given are others" not in refused.value.what


@given(place=st.integers(0, len(TOKEN) - 4), other=st.sampled_from("AzQ0-_:= "))
def test_an_altered_text_is_refused(place: int, other: str) -> None:
    # not its last character, some of whose bits base64 leaves unused
    altered = TOKEN[:place] + other + TOKEN[place + 1 :]
    if altered == TOKEN or not altered.startswith("sealed:1:"):
        return  # what does not begin so is a text of its own
    with pytest.raises((SealBroken, FieldKeyRefused)) as refused:
        SEALED.open_text(altered)
    assert "too small" not in str(refused.value)
    assert NEW not in str(refused.value)


def test_a_cut_text_is_refused() -> None:
    for cut in (TOKEN[:-1], TOKEN[:40], "sealed:1:", "sealed:", "sealed:2:x"):
        with pytest.raises(SealBroken, match="altered, or is damaged"):
            SEALED.open_text(cut)


def test_what_is_no_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for said in (
        "secret", NEW[:-1], f"{NEW},", f",{NEW}", f"{NEW},plain", f"{NEW};{OLD}", f"{NEW},secret",
        "+" * 43 + "=", ",".join([NEW] * (MOST_KEYS + 1)),
    ):  # fmt: skip
        monkeypatch.setenv(KEY_VARIABLE, said)
        with pytest.raises(FieldKeyRefused, match=rf"{KEY_VARIABLE}.*customers field-key") as error:
            Seals.given()
        assert "secret" not in str(error.value)
        assert NEW[:20] not in str(error.value)


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, newest, count in (
        ("", None, 0), (NEW, NEW, 1), (f" {NEW} , {OLD} ", NEW, 2), (f"plain,{NEW}", None, 1),
        ("plain", None, 0),
    ):  # fmt: skip
        monkeypatch.setenv(KEY_VARIABLE, said)
        seals = Seals.given()
        assert seals.newest == (newest and key_id(newest))
        assert len(seals.locks) == count
        assert NEW not in repr(seals)
    monkeypatch.delenv(KEY_VARIABLE)
    assert Seals.given() == Seals.of([])
