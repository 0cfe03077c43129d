"""The data page: from an uploaded table to the current corpus, and bad input in one sentence."""

import io
import json
import shlex
import zipfile

import pytest

from tests.app.corpora import small
from xfer_core.cli import main
from xfer_core.corpora import listing, load, save
from xfer_core.errors import Refused


def table(n=40):
    rows = [
        f'"This is review {i}, written by hand";{("bad", "good")[i % 2]};{("shop", "film")[i // 2 % 2]}'
        for i in range(n)
    ]
    return "\n".join(["review;mood;kind", *rows]).encode()


def upload(page, *files):
    widget = page.get("file_uploader")[0]
    page.file_uploader(key=widget.key).set_value([*files]).run()
    return page


def words(page):
    shown = [*page.text, *page.caption, *page.markdown, *page.error, *page.warning]
    return " ".join(each.value for each in shown).replace("\u2060", "").replace("\\", "")


def keep(page):
    page.button(key="keep").click().run()
    assert not page.exception
    return page


def test_a_table_becomes_the_current_corpus(open_page):
    page = upload(open_page("data"), ("mine.csv", table(), "text/csv"))
    assert not page.exception and not page.error
    assert "40 rows, 3 columns" in words(page)
    page = keep(page)
    (kept,) = listing()
    assert page.selectbox(key="corpus").value == kept.id
    corpus = load(kept.id)
    assert corpus.n == 40 and corpus.label_names == ("bad", "good")
    assert not page.get("file_uploader")[0].value


def test_columns_are_guessed_and_can_be_changed(open_page):
    page = upload(open_page("data"), ("mine.csv", table(), "text/csv"))
    by_label = {box.label: box for box in page.selectbox}
    assert by_label["Text"].value == "review" and by_label["Label"].value == "mood"
    by_label["Label"].set_value("kind").run()
    keep(page)
    assert load(listing()[0].id).label_names == ("film", "shop")


def test_a_wrong_detection_can_be_corrected(open_page):
    page = upload(open_page("data"), ("mine.csv", table(), "text/csv"))
    next(box for box in page.selectbox if box.label == "Delimiter").set_value("\t").run()
    assert page.error and not [button for button in page.button if button.key == "keep"]
    next(box for box in page.selectbox if box.label == "Delimiter").set_value(";").run()
    assert not page.error and "40 rows, 3 columns" in words(page)


def command(page):
    return next((code.value for code in page.code if code.value.startswith("xfer inspect")), None)


def test_the_command_repeats_every_choice(open_page):
    page = upload(open_page("data"), ("my table.csv", table(), "text/csv"))
    assert command(page) == "xfer inspect 'my table.csv' --text review --label mood"
    by_label = {box.label: box for box in page.selectbox}
    by_label["Domain"].set_value("kind").run()
    by_label["Encoding"].set_value("cp1252").run()
    by_label["Delimiter"].set_value(";").run()
    by_label["First row holds column names"].set_value(True).run()
    next(each for each in page.number_input if each.label == "Seed").set_value(3).run()
    assert command(page) == (
        "xfer inspect 'my table.csv' --text review --label mood --domain kind"
        " --encoding cp1252 --delimiter ';' --header --seed 3"
    )


def test_the_command_is_understood_by_the_program(open_page, tmp_path, capsys):
    page = upload(open_page("data"), ("mine.csv", table().replace(b";", b"\t"), "text/csv"))
    next(box for box in page.selectbox if box.label == "Delimiter").set_value("\t").run()
    (tmp_path / "mine.csv").write_bytes(table().replace(b";", b"\t"))
    words = shlex.split(command(page).replace("mine.csv", str(tmp_path / "mine.csv")))
    assert main([*words[1:], "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["delimiter"]) == (40, "\t")


def test_what_no_command_can_say_is_not_shown_as_one(open_page):
    page = upload(open_page("data"), ("mine.csv", table(), "text/csv"))
    next(each for each in page.number_input if each.label == "Test, %").set_value(30).run()
    assert command(page) is None and "No single command" in words(page)
    page = upload(open_page("data"), ("mine.csv", table(), "text/csv"), ("other.csv", table(), "text/csv"))
    assert command(page) is None and "No single command" in words(page)


def test_several_files_become_domains(open_page):
    one, other = (
        ("shop.csv", table(), "text/csv"),
        ("film.csv", table().replace(b"review", b"opinion", 1).replace(b"opinion;", b"review;"), "text/csv"),
    )
    keep(upload(open_page("data"), one, other))
    assert set(load(listing()[0].id).domain_names) == {"shop", "film"}


def test_rejected_lines_are_counted_and_listed(open_page):
    page = upload(open_page("data"), ("mine.csv", table() + b"\nonly one cell\n", "text/csv"))
    assert "could not be read" in words(page)
    assert page.get("download_button")


def test_hostile_names_and_cells_stay_text(open_page):
    hostile = table().replace(b"mood", b"![x](https://evil.example/a.png)").replace(b"bad", b"**bad**")
    page = upload(open_page("data"), ("**x**.csv", hostile, "text/csv"))
    assert not page.exception and not page.error
    assert not any("](https" in each.value for each in [*page.markdown, *page.caption])


BAD = {
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG picture"),
    "empty": (b"", "empty"),
    "one column": (b"text\nabc def\nghi jkl\n", "column"),
    "one class": (b"text;label\n" + b"\n".join(b"some words %d;same" % i for i in range(20)), "label"),
    "a class with one row": (table() + b"\nodd words here;rare;shop", "rare"),
    "no labels": (b"text;label\n" + b"\n".join(b"some words %d;" % i for i in range(20)), "label"),
    "numbers for texts": (b"a;b\n" + b"\n".join(b"%d;%d" % (i, i % 2) for i in range(20)), "number"),
    "too many classes": (
        b"text;label\n" + b"\n".join(b"some words %d;c%d" % (i, i // 2) for i in range(600)),
        "200",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_nothing_is_lost(open_page, case):
    """Whatever is uploaded, the current corpus stays, and the page says what is wrong and how to mend it."""
    content, hint = BAD[case]
    known = save(small())
    page = upload(open_page("data", corpus=known), ("mine.csv", content, "text/csv"))
    for box in page.selectbox:  # the second column is meant as the label, whatever was guessed
        if box.label == "Label" and box.value is None and len(box.options) == 3:
            box.set_value("label").run()
    assert not page.exception
    assert len(page.error) == 1
    assert hint in page.error[0].value.replace("\u2060", "")
    assert page.selectbox(key="corpus").value == known
    assert [each.id for each in listing()] == [known]


def test_a_zip_is_read(open_page):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.csv", table())
    page = upload(open_page("data"), ("mine.zip", packed.getvalue(), "application/zip"))
    assert not page.error and "40 rows, 3 columns" in words(page)


def test_the_address_restores_the_corpus_and_its_portrait(open_page):
    page = open_page("data", corpus=save(small()))
    assert [metric.value for metric in page.metric][:2] == ["12", "2"]
    assert len(page.get("plotly_chart")) == 2
    assert any("xfer inspect corpus:demo-" in code.value for code in page.code)


def test_a_kept_corpus_can_be_made_current(open_page):
    first, second = save(small("first")), save(small("second"))
    page = open_page("data", **{"from": "kept", "corpus": first})
    page.button(key=f"use-{second}").click().run()
    assert page.selectbox(key="corpus").value == second


def test_kept_corpora_can_be_stacked_as_domains(open_page):
    first, second = save(small("first")), save(small("second", 16))
    page = open_page("data", **{"from": "kept"})
    page.multiselect(key="stacked").set_value([first, second]).run()
    page.button(key="stack").click().run()
    corpus = load(page.selectbox(key="corpus").value)
    assert corpus.n == 28 and set(corpus.domain_names) == {"first", "second"}


def test_a_sample_is_fetched_and_becomes_current(open_page, answers):
    corpus = small("tweets")
    answers["fetch"] = corpus
    save(corpus)
    page = open_page("data", **{"from": "samples"})
    page.button(key="fetch-tweets").click().run()
    assert page.selectbox(key="corpus").value == corpus.id


def test_a_sample_that_cannot_be_fetched_leaves_everything_as_it_was(open_page, answers):
    answers["fetch"] = Refused("The package index does not answer.", "Try again later.")
    known = save(small())
    page = open_page("data", **{"from": "samples", "corpus": known})
    page.button(key="fetch-tweets").click().run()
    assert "does not answer" in page.error[0].value.replace("\u2060", "")
    assert page.selectbox(key="corpus").value == known
