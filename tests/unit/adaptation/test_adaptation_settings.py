"""What an adaptation may be asked for, and how it is written down."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from xfer_core.adaptation.methods import METHODS, SOURCE_ONLY, parse
from xfer_core.adaptation.settings import FLAGS, command, request, validate
from xfer_core.errors import BadSetting

PAIR = {"source": "shop", "target": "tweets"}


def test_source_only_is_always_there_and_comes_first() -> None:
    assert parse("mmd, dann") == (SOURCE_ONLY, "dann", "mmd")
    assert parse(["self-training"]) == (SOURCE_ONLY, "self-training")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"source": "shop"}, "not both named"),
        ({"source": "shop", "target": "shop", "method": "mmd"}, "the same domain"),
        (PAIR, "No way to adapt"),
        ({**PAIR, "method": "coral"}, "named “coral”"),
        ({**PAIR, "method": "mmd", "strategy": "features-3"}, "solves a regression"),
        ({**PAIR, "method": "mmd", "keep": "dann"}, "is to be kept"),
        ({**PAIR, "method": "mmd", "confidence": "2"}, "confidence is 2"),
        ({**PAIR, "method": "mmd", "steps": "0"}, "steps is 0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(values: dict[str, str], says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        validate(values)


def test_a_config_survives_its_run_and_its_command() -> None:
    config = validate(
        {**PAIR, "target": "two words", "methods": "dann,pretrain", "steps": "7", "weight": "0.5"}
    )
    assert validate(request(config, "toy")) == config
    words = shlex.split(command(config, "corpus:toy"))
    assert words[:3] == ["xfer", "adapt", "corpus:toy"]
    given = dict(zip(words[3::2], words[4::2], strict=True))
    names = {each.flag: each.name for each in FLAGS}
    again = {names.get(flag, flag.removeprefix("--")): value for flag, value in given.items()}
    assert validate(again) == config
    assert set(given) == {"--source", "--target", "--method", "--steps", "--weight"}


def test_all_methods_train_alike() -> None:
    config = validate({**PAIR, "method": "mmd", "seed": 3})
    fit = config.fit(texts=160)
    assert (fit.steps, fit.seed, fit.patience) == (300, 3, 0)
    assert config.fit(texts=16_000).steps == 3_000


def test_every_method_says_what_it_is() -> None:
    for each in METHODS.values():
        assert each.title and each.what and each.cost and each.when_not
        assert each.source or each.name == SOURCE_ONLY


def test_the_web_process_needs_no_torch_for_it() -> None:
    modules = "settings", "results", "words", "ground", "forecast"
    code = "import sys;" + ";".join(f"import xfer_core.adaptation.{name}" for name in modules)
    code += ";import xfer_core.charts.adaptation"
    code += ";print({'torch', 'transformers', 'sklearn', 'skada'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
