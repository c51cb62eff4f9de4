"""The commands of this installation, as its owner types them in Thaw's folder."""

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # Thaw's folder, where `python -m core` works
_WINDOWS = os.name == "nt"


def version() -> str:
    """Thaw's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def python() -> str:
    """Runs this installation's Python."""
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        return "python"
    return r".venv\Scripts\python" if _WINDOWS else ".venv/bin/python"


def start(variable: str = "", value: str = "") -> str:
    """Starts Thaw, as it was installed: by `make run` or step by step.

    Args:
        variable: An environment variable to set, if any.
        value: What to set it to.
    """
    made = (ROOT / ".venv" / ".app").exists()
    command = "make run" if made else f"{python()} -m streamlit run streamlit_app.py"
    if not variable:
        return command
    return (
        f'$env:{variable} = "{value}"\n{command}' if _WINDOWS else f"{variable}={value} {command}"
    )


def stop() -> str:
    """Ends what works in the background."""
    return "make stop" if start() == "make run" else f"{python()} -m core stop"
