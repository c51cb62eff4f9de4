"""Every setting is in one table: read there alone, documented, refused at the start if wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core import config
from core.config import SETTINGS, Setting
from core.errors import UserError
from core.jobs.cluster import address

ROOT = Path(__file__).parents[2]
OTHERS = {"THAW_MATERIAL"}  # the tests' own
# For each setting, what cannot be used, and what can but is not the default.
WRONG = {
    "THAW_HOME": ["~nobody-has-this-name/thaw"],
    "THAW_WEIGHTS": ["~nobody-has-this-name/stick"],
    "THAW_CACHE_GB": ["much", "-1", "nan", "inf", "1e999"],
    "THAW_UPLOAD_GB": ["much", "0", "-1", "nan", "inf"],
    "THAW_WORKERS": ["two", "0", "-1", "1.5", "65", "nan", "inf", "9" * 5000],
    "THAW_IDLE": ["soon", "0", "-1", "nan", "inf"],
    "THAW_WARM_UP": ["yes", "2", " "],
    "THAW_KEPT_GB": ["little", "-1", "nan", "inf"],
    "THAW_UNPACKED_GB": ["much", "0", "nan", "inf"],
    "THAW_ENTRIES": ["many", "0", "-3", "2.5", "nan", "inf"],
    "THAW_MEGAPIXELS": ["large", "0", "nan", "inf"],
    "THAW_IMAGES": ["many", "0", "-3", "2.5", "nan", "inf"],
    "THAW_SCHEDULER": [],
    "THAW_TOKEN": ["yes", "2", " "],
}
OTHER = {
    "THAW_HOME": "/elsewhere",
    "THAW_WEIGHTS": "/stick",
    "THAW_WORKERS": "2",
    "THAW_WARM_UP": "0",
    "THAW_SCHEDULER": "tcp://host:8786",
    "THAW_TOKEN": "0",
}
SERVER = ["-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
WRONG_PAIRS = [(name, text) for name, texts in WRONG.items() for text in texts]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, thaw_home: Path) -> None:
    for name in set(WRONG) - {"THAW_HOME"}:
        monkeypatch.delenv(name, raising=False)


def test_the_table_is_all_there_is() -> None:
    named: set[str] = set()
    for path in [
        ROOT / "streamlit_app.py",
        *ROOT.glob("core/**/*.py"),
        *ROOT.glob("pages/**/*.py"),
    ]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"\bTHAW_[A-Z_]+", text))
        if path.name != "config.py":
            read = re.findall(r"environ\W+(?:get\W+|pop\W+)?(THAW_\w+)|getenv\W+(THAW_\w+)", text)
            assert not read, f"{path} reads a setting past core/config.py"
    assert named - OTHERS == {setting.name for setting in SETTINGS} == set(WRONG)


def test_readme_lists_the_settings_as_they_are() -> None:
    def shown(default: str) -> str:
        if default.isdecimal():
            return f"{int(default):,}" if int(default) >= 10_000 else default
        return f"`{default}`" if default else "–"

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `THAW_")]
    assert rows == [f"| `{s.name}` | {s.meaning} | {shown(s.default)} |" for s in SETTINGS]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_one_that_is_empty_is_one_that_is_unset(
    setting: Setting[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(setting.name, raising=False)
    unset = setting.value
    monkeypatch.setenv(setting.name, "")
    assert setting.value == unset


def test_values_are_read_with_their_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_IMAGES", "1e5")
    assert config.IMAGES.value == 100_000
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    assert config.CACHE.value == 0
    monkeypatch.setenv("THAW_IDLE", "0.5")
    assert config.IDLE.value == 0.5
    monkeypatch.setenv("THAW_WEIGHTS", "~/stick")
    assert config.WEIGHTS.value == Path.home() / "stick"
    assert not hasattr(config.SCHEDULER.value, "strip")  # none


@pytest.mark.parametrize(("name", "text"), WRONG_PAIRS)
def test_what_cannot_be_used_is_refused(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(UserError, match=f"^Expected .* in {name}, received '") as raised:
        config.check()
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_new_value_makes_a_new_cluster(
    setting: Setting[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = address.version()
    monkeypatch.setenv(setting.name, OTHER.get(setting.name, "7"))
    assert (address.version() != before) is setting.background
    monkeypatch.setenv(setting.name, setting.default)  # spelled out, it is still the default
    if setting.name != "THAW_HOME":
        assert address.version() == before


def test_a_process_of_ours_looks_in_the_same_folders_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THAW_HOME", "thaw")
    monkeypatch.setenv("THAW_WEIGHTS", "stick")
    given = config.environment()
    assert given["THAW_HOME"] == str(tmp_path / "thaw")
    assert given["THAW_WEIGHTS"] == str(tmp_path / "stick")


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "core", "backbones"],
        ["-m", "core.jobs.cluster.program"],
        SERVER,
    ],
    ids=["terminal", "cluster", "server"],
)
def test_a_wrong_setting_ends_every_program_at_its_start(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "THAW_IMAGES": "many"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    sentence = "Expected a whole number of at least 1 in THAW_IMAGES, received 'many'."
    assert done.stderr.strip().splitlines() == [sentence]


@pytest.mark.parametrize(
    ("home", "command"),
    [
        ("/proc/x/thaw", ["-m", "core", "backbones"]),
        ("/" + "a" * 300, ["-m", "core", "backbones"]),
        ("/" + "a/" * 2040, ["-m", "core", "backbones"]),
        (str(Path(__file__)), ["-m", "core.jobs.cluster.program"]),
        (f"{Path(__file__)}/thaw", SERVER),
        ("/proc/x/thaw", SERVER),
    ],
)
def test_a_home_that_cannot_be_ends_every_program_at_its_start(
    home: str, command: list[str]
) -> None:
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "THAW_HOME": home},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    assert sentence.startswith(f"Expected a folder that Thaw can write to, but {home.rstrip('/')} ")
    assert "Set THAW_HOME" in sentence
