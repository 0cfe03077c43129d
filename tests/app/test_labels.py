"""The page of label problems: choices are kept at once, survive a reload, and become a new version."""

import numpy as np
import pytest

from tests.app.corpora import small
from xfer_core.analysis.labels import LabelCheck
from xfer_core.analysis.scores import Score
from xfer_core.corpora import corrections, listing, load, save
from xfer_core.errors import BadTable


def words(page):
    shown = [*page.text, *page.caption, *page.markdown, *page.error, *page.warning, *page.info]
    return " ".join(each.value for each in shown).replace("\u2060", "").replace("\\", "")


def checked(corpus, positions, **changed):
    at = np.array(positions, np.int64)
    values = {
        "positions": at, "suggested": 1 - corpus.labels[at], "probability": np.linspace(0.9, 0.6, len(at)),
        "given": np.linspace(0.1, 0.4, len(at)), "read": np.arange(corpus.n), "layers": (4, 5, 3),
        "by_layer": (0.5,) * 7, "agreement": 0.8, "folds": 5, "plain": Score(0.7, 0.6, 0.8, 0.75),
        "weighted": Score(0.72, 0.6, 0.8, 0.75), "gain": (-0.01, 0.05),
    }  # fmt: skip
    return LabelCheck(**values | changed)


@pytest.fixture
def corpus():
    made = small(n=60)
    save(made)
    return made


def choice(page, corpus, position):
    return page.radio(key=f"label-{corpus.id}-{position}")


def listed(page, corpus):
    keys = [each.key for each in page.radio if each.key.startswith("label-")]
    return [int(key.rpartition("-")[2]) for key in keys]


def test_a_choice_is_kept_at_once_and_saved_as_a_new_version(open_page, answers, corpus):
    answers["check"] = checked(corpus, [7, 2, 11])
    page = open_page("labels", corpus=corpus.id)
    assert not page.exception and listed(page, corpus) == [7, 2, 11]
    assert "Nothing" in words(page) or "kept at once" in words(page)
    assert choice(page, corpus, 7).value == "good"
    choice(page, corpus, 7).set_value("bad").run()
    assert not page.exception and corrections.pending(corpus.id) == {7: "bad"}
    again = open_page("labels", corpus=corpus.id)  # another session, as after a reload
    assert choice(again, corpus, 7).value == "bad" and "Labels changed: 1" in words(again)
    answers["check"] = checked(corpus, [2])
    again.button(key="save-labels").click().run()
    assert not again.exception and not again.error
    new = load(again.selectbox(key="corpus").value)
    assert new.id != corpus.id and new.source["parent"] == corpus.id
    assert np.flatnonzero(new.labels != corpus.labels).tolist() == [7]
    assert (load(corpus.id).labels == corpus.labels).all() and corrections.pending(corpus.id) == {}
    assert "Made from" in " ".join(each.label for each in again.expander)
    again.button(key="to-parent").click().run()
    assert again.selectbox(key="corpus").value == corpus.id


def test_what_another_tab_changed_is_shown_before_it_is_saved(open_page, answers, corpus):
    answers["check"] = checked(corpus, [7, 2])
    one = open_page("labels", corpus=corpus.id)
    choice(one, corpus, 7).set_value("bad").run()
    other = open_page("labels", corpus=corpus.id)
    choice(other, corpus, 2).set_value("good").run()
    one.button(key="save-labels").click().run()
    assert not one.exception and "Not saved yet" in words(one) and "Labels changed: 2" in words(one)
    assert [each.id for each in listing()] == [corpus.id] and choice(one, corpus, 2).value == "good"
    assert one.dataframe[0].value["Row"].tolist() == corpus.frame["row"].iloc[[2, 7]].tolist()
    one.button(key="save-labels").click().run()
    new = load(one.selectbox(key="corpus").value)
    assert np.flatnonzero(new.labels != corpus.labels).tolist() == [2, 7]


def test_changes_that_became_a_version_elsewhere_lead_to_it(open_page, answers, corpus):
    answers["check"] = checked(corpus, [7, 2])
    one = open_page("labels", corpus=corpus.id)
    choice(one, corpus, 7).set_value("bad").run()
    other = open_page("labels", corpus=corpus.id)
    one.button(key="save-labels").click().run()
    made = one.selectbox(key="corpus").value
    other.button(key="save-labels").click().run()
    assert not other.exception and "already made" in words(other) and made in words(other)
    assert len(listing()) == 2
    other.button(key="to-version").click().run()
    assert other.selectbox(key="corpus").value == made
    other.button(key="to-parent").click().run()
    choice(other, corpus, 7).set_value("bad").run()  # the same once more, by hand
    other.button(key="save-labels").click().run()
    assert other.selectbox(key="corpus").value == made and "there already" in words(other)
    assert len(listing()) == 2 and corrections.pending(corpus.id) == {}


def test_a_choice_can_be_taken_back_alone_and_all_together(open_page, answers, corpus):
    answers["check"] = checked(corpus, [7, 2])
    page = open_page("labels", corpus=corpus.id)
    choice(page, corpus, 7).set_value("bad").run()
    choice(page, corpus, 7).set_value("good").run()
    assert corrections.pending(corpus.id) == {} and choice(page, corpus, 7).value == "good"
    page.button(key="doubtful-take").click().run()
    assert corrections.pending(corpus.id) == {2: "good", 7: "bad"}
    assert choice(page, corpus, 2).value == "good"
    page.button(key="undo-labels").click().run()
    assert corrections.pending(corpus.id) == {} and choice(page, corpus, 2).value == "bad"
    assert [each.id for each in listing()] == [corpus.id]


def test_many_doubts_have_pages_and_filters(open_page, answers, corpus):
    answers["check"] = checked(corpus, range(50))
    page = open_page("labels", corpus=corpus.id)
    assert listed(page, corpus) == list(range(20))
    page.pagination(key="doubtful-page").set_value(3).run()
    assert not page.exception and listed(page, corpus) == list(range(40, 50))
    page.selectbox(key="doubtful-has").set_value("bad").run()
    assert not page.exception and listed(page, corpus) == list(range(0, 40, 2)), "page one again"
    page.selectbox(key="doubtful-to").set_value("bad").run()
    assert not page.exception and listed(page, corpus) == []


def test_contradicting_copies_come_first_and_stand_once(open_page, answers):
    made = small(n=24)
    frame = made.frame.copy()
    frame.loc[[4, 9, 12], "text"] = "the same words"
    made = type(made)("copies", frame, made.label_names, ())
    save(made)
    answers["check"] = checked(made, [9, 1])
    page = open_page("labels", corpus=made.id)
    assert not page.exception and listed(page, made) == [4, 1]
    assert "2 × bad, 1 × good" in words(page) and choice(page, made, 4).value == ""
    page.button(key="copies-take").click().run()
    assert corrections.pending(made.id) == {9: "bad"}, "two of three copies say so"
    choice(page, made, 4).set_value("good").run()
    assert corrections.pending(made.id) == {4: "good", 12: "good"}, "a choice is for all copies"
    assert choice(open_page("labels", corpus=made.id), made, 4).value == "good"
    choice(page, made, 4).set_value("").run()
    assert corrections.pending(made.id) == {} and choice(page, made, 4).value == ""


def test_many_labels_are_a_list_and_hostile_words_stay_words(open_page, answers, corpus):
    names = ("**bold**", ":red[x]", "![](https://evil.example/x.png)", "d", "e")
    made = type(corpus)("many", corpus.frame, names, ())
    save(made)
    answers["check"] = checked(made, [3])
    page = open_page("labels", corpus=made.id)
    page.selectbox(key=f"label-{made.id}-3").set_value(names[2]).run()
    assert not page.exception and corrections.pending(made.id) == {3: names[2]}
    assert not any("](https" in each.value for each in [*page.markdown, *page.caption])


def test_what_cannot_be_saved_is_a_sentence_and_nothing_is_lost(open_page, answers, corpus):
    answers["check"] = checked(corpus, [1])
    corrections.correct(corpus.id, dict.fromkeys(range(1, 60, 2), "bad"))
    page = open_page("labels", corpus=corpus.id)
    page.button(key="save-labels").click().run()
    assert "same label" in words(page) and len(corrections.pending(corpus.id)) == 30


@pytest.mark.parametrize(
    "labels, gain, said",
    [([0, 1], 0.02, "not needed"), ([0] * 5 + [1], 0.02, "worth a run"), ([0] * 5 + [1], -0.02, "not sure")],
)
def test_class_weights_are_offered_above_three_to_one(open_page, answers, corpus, labels, gain, said):
    made = type(corpus)("unequal", corpus.frame.assign(label=np.resize(labels, 60)), ("bad", "good"), ())
    save(made)
    answers["check"] = checked(made, [], gain=(gain, 0.1))
    page = open_page("labels", corpus=made.id)
    assert said in words(page) and "doubt none" in words(page)


def test_texts_that_were_cut_are_said(open_page, answers, corpus):
    answers["check"] = checked(corpus, [3])
    assert "tokens only" not in words(open_page("labels", corpus=corpus.id))
    answers["check"] = checked(corpus, [3], truncated=7, max_length=128)
    assert "Of 7 of them the model read the first 128 tokens only." in words(
        open_page("labels", corpus=corpus.id)
    )


def test_a_corpus_without_labels_and_one_that_cannot_be_checked(open_page, answers, corpus):
    answers["check"] = BadTable("Labels can be compared only where …")
    assert "can be compared" in words(open_page("labels", corpus=corpus.id))
    bare = type(corpus)("bare", corpus.frame.assign(label=-1), (), ())
    save(bare)
    page = open_page("labels", corpus=bare.id)
    assert not page.exception and "no labels" in words(page)
    assert not open_page("labels").exception
