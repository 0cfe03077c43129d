"""Runs: the list, one run in every state, and that what is shown is what lies in the run's folder."""

import ast
import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from tests.app import runs
from tests.app.corpora import small
from tests.tiny import DEPTH, SENTENCES, WIDTH, tiny_folder
from xfer_core import files, i18n
from xfer_core.errors import BadModel, NotFound
from xfer_core.i18n import N_
from xfer_core.models.load import load
from xfer_core.models.pooled_head import PooledClassifier
from xfer_core.models.sources import resolve
from xfer_core.runs import queue, store
from xfer_core.training import results
from xfer_core.ui.literal import lit

HOSTILE = ("**bad**", "<img src=x onerror=alert(1)>")


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    """Nothing is judged dead or started: these runs have no process."""
    monkeypatch.setattr(queue, "tick", lambda: None)


@pytest.fixture
def marked(monkeypatch):
    """A language in which every translated message is marked, so that one that was not stands out."""
    real = i18n.translation

    class Marked:
        def gettext(self, message):
            return f"⟦{message}⟧"

    monkeypatch.setattr(
        i18n, "translation", lambda language: Marked() if language == "zh" else real(language)
    )


def corpus():
    """Hostile labels, both of them in every part."""
    plain = small(n=24)
    frame = plain.frame.assign(split=["train", "validation", "test"] * 8)
    return replace(plain, frame=frame, label_names=HOSTILE)


def shown(page):
    kinds = (page.title, page.subheader, page.markdown, page.caption, page.error)
    return [each.value for kind in kinds for each in kind] + [button.label for button in page.button]


def test_without_runs_it_leads_to_the_first_one(open_page):
    page = open_page("runs")
    assert not page.exception
    assert [link.proto.label for link in page.get("page_link")] == ["Start one"]


def test_lists_the_newest_first_and_opens_one(open_page):
    first, second = runs.finished(corpus()), runs.started(corpus(), strategy="freeze-2")
    page = open_page("runs")
    opened = [button for button in page.button if button.key.startswith("open-")]
    assert [button.key for button in opened] == [f"open-{second.id}", f"open-{first.id}"]
    assert any("macro-F1 " in each.value for each in page.caption)
    opened[1].click().run()
    assert not page.exception
    assert page.query_params["run"] == [first.id] or page.title[0].value == lit(first.id)


def test_a_finished_run_shows_its_own_numbers(open_page):
    run = runs.finished(corpus(), wrong=2)
    result = results.result(run.id)
    page = open_page("runs", run=run.id)
    assert not page.exception
    assert page.title[0].value == lit(run.id)
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Accuracy"] == f"{result['test']['accuracy']:.3f}"
    assert values["Macro-F1"] == f"{result['test']['macro_f1']:.3f}"
    assert values["Macro-F1 of TF-IDF"] == "0.250"
    assert lit(result["verdict"]["sentence"]) in shown(page)
    assert any("Texts cut to 128 tokens: 3 (25.0%)." in word for word in shown(page))
    assert any(run.id in code.value and "pipeline" in code.value for code in page.code)


def test_a_solved_run_is_not_its_own_reference_and_hears_nothing_of_rates(open_page):
    run = runs.finished(corpus(), wrong=6, strategy="features-4")
    files.write_json(run.folder / results.METRICS, {
        **results.result(run.id), "references": {
            "tfidf": {"macro_f1": 0.99, "accuracy": 0.99},
            "untuned_probe": {"macro_f1": 0.99, "accuracy": 0.99, "layer": 4},
        },
    })  # fmt: skip
    page = open_page("runs", run=run.id)
    assert not page.exception
    assert [metric.label for metric in page.metric if "Macro-F1 of" in metric.label] == ["Macro-F1 of TF-IDF"]
    (warning,) = [each.value for each in page.warning]
    assert "TF-IDF" in warning and "another layer" in warning
    assert not any(word in warning for word in ("learning rate", "freeze", "probe"))
    assert not any("best step" in word for word in shown(page))


def test_what_it_cost_stands_beside_what_was_predicted(open_page):
    run = runs.finished(corpus())
    page = open_page("runs", run=run.id)
    cost = {metric.label: (metric.value, metric.delta) for metric in page.metric}
    assert cost["Parameters that learnt"] == ("1,234", "predicted 1,234")
    assert cost["Time"] == ("12 s", "predicted 20 s")
    assert cost["Memory"] == ("810 MB", "predicted 900 MB")
    assert any("ran once" in word and "30 were taken" in word for word in shown(page))


@pytest.mark.parametrize(
    "kept, said", [("none", "ran the whole model"), ("some", "While lower"), (True, "once")]
)
def test_how_far_states_were_reused_is_said(open_page, kept, said):
    run = runs.finished(corpus())
    found = results.result(run.id)
    files.write_json(run.folder / results.METRICS, {**found, "cached_states": kept})
    assert any(said in word for word in shown(open_page("runs", run=run.id)))


def test_results_of_earlier_versions_still_open(open_page):
    run = runs.finished(corpus())
    found = results.result(run.id)
    for name in ("predicted", "cached_states", "peak_memory_mb"):
        del found[name]
    files.write_json(run.folder / results.METRICS, found)
    page = open_page("runs", run=run.id)
    assert not page.exception and "Memory" not in [metric.label for metric in page.metric]


def test_the_lines_for_a_pooled_classifier_give_its_own_answer(open_page, tmp_path):
    """Run as they stand, in a process without this program."""
    run = runs.finished(corpus(), strategy="mix")
    folder = run.folder / results.MODEL
    encoder, tokenizer = load(resolve(str(tiny_folder("bert", tmp_path / "tiny"))), "encoder")
    layers = range(DEPTH + 1)
    weight = torch.randn(len(layers), 2, WIDTH, generator=torch.Generator().manual_seed(0))
    model = PooledClassifier(encoder, layers, weight, [0.5, -0.5], HOSTILE).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    [lines] = [code.value for code in open_page("runs", run=run.id).code if "pooled_head" in code.value]
    script = tmp_path / "lines.py"
    script.write_text(lines.replace("Any text", SENTENCES[0]))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path)
    batch = tokenizer(SENTENCES[0], return_tensors="pt")
    with torch.no_grad():
        shares = model(batch["input_ids"], batch["attention_mask"]).logits[0].softmax(0).tolist()
    assert ast.literal_eval(done.stdout) == pytest.approx(dict(zip(HOSTILE, shares, strict=True)), abs=1e-3)


def test_misread_texts_are_the_wrong_ones_and_can_be_narrowed(open_page):
    run = runs.finished(corpus(), wrong=3)
    page = open_page("runs", run=run.id)
    table = next(each.value for each in page.dataframe if "confidence" in each.value)
    assert len(table) == 3 and (table["true"] != table["predicted"]).all()
    page.selectbox(key="misread-true").select(HOSTILE[1]).run()
    narrowed = next(each.value for each in page.dataframe if "confidence" in each.value)
    assert 0 < len(narrowed) < 3 and set(narrowed["true"]) == {HOSTILE[1]}


def test_the_curves_are_told_where_to_listen_and_what_to_beat(open_page):
    run = runs.finished(corpus())
    [sent] = open_page("runs", run=run.id).get("bidi_component")
    data = json.loads(sent.proto.json)
    assert (data["run"], data["state"], data["best"]) == (run.id, "finished", 30)
    assert data["url"].startswith(f"api/runs/{run.id}/events")
    beaten = {each["label"]: each["value"] for each in data["panels"][1]["references"]}
    assert beaten == {"TF-IDF on test": 0.25, "untuned probe on test": 0.5}


@pytest.mark.parametrize("key, wanted", [("stop", "stop"), ("cancel", "cancel")])
def test_a_live_run_can_be_ended_once(open_page, monkeypatch, key, wanted):
    monkeypatch.setattr(queue.EXECUTOR, "stop", lambda *_: None)
    run = runs.started(corpus())
    page = open_page("runs", run=run.id)
    assert not page.metric
    page.button(key=key).click().run()
    assert store.get(run.id).want == wanted
    assert page.button(key=key).disabled


def test_a_failed_run_says_why_in_its_own_words(open_page):
    run = runs.started(corpus())
    error = BadModel(N_("There is no model named “{name}”."), name="*x*")
    store.update(run.id, state="failed", message=store.to_message(error))
    (run.folder / "log.txt").write_text("Traceback")
    page = open_page("runs", run=run.id)
    assert [each.value for each in page.error] == [lit("There is no model named “*x*”.")]
    assert any(code.value.endswith("log.txt") for code in page.code)
    assert not any("Traceback" in word for word in shown(page))


@pytest.mark.parametrize("name", ["nothing-here", "../../etc/passwd", "<b>x</b>", "x" * 500])
def test_a_run_that_is_not_there_is_a_sentence(open_page, name):
    page = open_page("runs", run=name)
    assert not page.exception
    assert len(page.error) == 1


def test_delete_asks_twice_and_deletes(open_page):
    run = runs.finished(corpus())
    page = open_page("runs", run=run.id)
    page.button(key="delete-for-good").click().run()
    with pytest.raises(NotFound):
        store.get(run.id)
    assert not run.folder.exists()


def test_another_run_starts_from_these_settings(open_page):
    run = runs.finished(corpus(), strategy="freeze-2", seed=7)
    page = open_page("runs", run=run.id)
    links = {link.proto.label: link.proto.query_string for link in page.get("page_link")}
    assert f"model={run.id}" in links["Classify with it"]
    assert "view=changes" in links["See which heads moved"]
    page.button(key="again").click().run()
    assert not page.exception
    command = next(code.value for code in page.code if code.value.startswith("xfer"))
    assert command == f"xfer train corpus:{run.config['corpus']} --strategy freeze-2 --seed 7"


def test_another_run_of_the_top_layers_trains_the_same_layers(open_page):
    run = runs.finished(corpus(), strategy="top-2")
    page = open_page("runs", run=run.id)
    page.button(key="again").click().run()
    command = next(code.value for code in page.code if code.value.startswith("xfer"))
    assert command.endswith("--strategy top-2")


@pytest.mark.parametrize("state", ["running", "finished", "stopped"])
def test_every_word_goes_through_the_catalogue(open_page, marked, state):
    run = runs.finished(corpus()) if state == "finished" else runs.started(corpus(), state)
    for page in (open_page("runs", lang="zh"), open_page("runs", lang="zh", run=run.id)):
        assert not page.exception
        ours = ("", lit(run.id))  # and the line of names: strategy, corpus, model, date
        assert [
            w for w in shown(page) if "⟦" not in w and w not in ours and not w.startswith("top-2 · ")
        ] == []
