"""TensorFlow and Keras, imported so that they stay quiet and out of the user's home folder.

Everybody imports them from here: Keras reads KERAS_HOME when it is first imported and writes its
settings there, and importing TensorFlow imports Keras.
"""

import gc
import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from core.storage import home

# With a single class, the network's answer is what it is familiar with.
warnings.filterwarnings("ignore", "You are using a softmax over axis", UserWarning)


@contextmanager
def _keras_home() -> Iterator[None]:
    """Keras' settings go under THAW_HOME; the user's KERAS_HOME still says where weights are."""
    theirs = os.environ.get("KERAS_HOME")
    os.environ["KERAS_HOME"] = str(home.keras())
    try:
        yield
    finally:
        if theirs is None:
            del os.environ["KERAS_HOME"]
        else:
            os.environ["KERAS_HOME"] = theirs


@contextmanager
def _quiet() -> Iterator[None]:
    """TensorFlow's libraries greet on file descriptor 2 whatever the log level.

    What Python writes to standard error meanwhile, from other threads, still gets there.
    """
    python_stderr, original = sys.stderr, os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(os.dup(original), "w", buffering=1, errors="replace") as direct:
        sys.stderr = direct
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(original, 2)
            sys.stderr = python_stderr
            os.close(original)
            os.close(nowhere)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Keras looks for packages it can do without, for wrappers that Thaw does not use.

    Importing pandas and scikit-learn is 40 % of the time that importing Keras takes.
    """
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hundreds of thousands of objects are made here and all stay: there is no rubbish to find.

    Looking takes a fifth of the time of the import, and would take some again and again.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        gc.freeze()


def bring_in(module: str) -> ModuleType:
    """Import what builds on TensorFlow or Keras with the same manners."""
    with _keras_home(), _quiet(), _without("pandas", "sklearn"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecations that only its makers can mend
        return importlib.import_module(module)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow asks for these kernels by itself only on some processors; thawed layers train 1.5 times
# as fast with them on the others as well.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# By itself TensorFlow takes a whole GPU, and the next worker finds none left.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
with _keras_home(), _quiet(), _uncollected(), _without("pandas", "sklearn"):
    import keras as keras
    import tensorflow as tf

__all__ = ["bring_in", "keras", "tf"]
