"""On a full disk and a read-only one every action ends in a sentence; errors get their id."""

from pathlib import Path

import small_disk

SCRIPT = """
import sys
from pathlib import Path

from tests.small_disk import leave, mount, shut, tell

disk = Path(sys.argv[1])
mount(disk)
import streamlit_app
from core.storage import home, own_names
from core.storage import incidents
from core.datasets import changes, store
from core.intake import incoming, room
from core.errors import UserError
from core.jobs.cluster import connection
from core.jobs import queue
from core.settings import TrainingSettings
from core.web import entry
from pages.parts.shared import uploads
from tests.pages.painting import store_dataset

connection.line = lambda: type("Line", (), {"owner": {}})  # jobs get as far as their folder
dataset = store_dataset("pets", {"cat": 2, "dog": 2})
folder = home.HOME.dataset(dataset)

def write_pictures():
    with uploads.on_disk([("a.png", b"x" * 9000)]):
        pass

actions = {
    "train": lambda: queue.submit_training(home.HOME.dataset(dataset), TrainingSettings()),
    "starter set": lambda: queue.submit_sample(home.HOME, "sketches"),
    "mend": lambda: store.keep(folder, changes.rename(store.load(folder), "cat", "kitten"), "x"),
    "rename": lambda: own_names.give(folder, "my pets"),
    "upload": lambda: incoming.begin(home.HOME, "a.zip", 5, "page"),
    "pictures to name": write_pictures,
}
for how in ("full", "read-only"):
    if how == "full":
        leave(disk, 0)
    else:
        shut(disk)
    for name, action in actions.items():
        try:
            action()
        except UserError as error:
            told = str(error)
        except Exception as error:
            told = room.told(error) or f"{type(error).__name__}: {error}"
        else:
            told = None
        tell(how, name, told)
    tell(how, "record", incidents.record(RuntimeError("nobody expected this")))
    tell(how, "token", entry.kept(home.root() / f"token {how}"))
"""


def test_every_action_says_what_is_wrong_with_the_disk(tmp_path: Path) -> None:
    lines, said_wrong = small_disk.told(SCRIPT, tmp_path)
    assert len(lines) == 16, said_wrong[-3000:]
    for how, name, told in lines:
        if name == "record":
            assert len(told) == 8, how
        elif name == "token":
            assert len(told) > 40, how
        else:
            assert told, (how, name)
            expected = ("full", "no room", "are free") if how == "full" else ("cannot write",)
            assert any(word in told for word in expected), (how, name, told)
            assert str(tmp_path) not in told
    assert said_wrong.count("nobody expected this") == 2
