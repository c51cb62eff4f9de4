"""Gives back what a training took, in a process that lives on."""

import ctypes
import gc
import sys


def give_back() -> None:
    """Free what trainings, probes and conversions have left; call it when they are over.

    Call it while nothing is being traced. Keras' optimizers, and activations such as swish, trace
    operations with gradients of their own. TensorFlow keeps each of these gradients in a table of
    the process, and with it the whole graph of the training step: tens of megabytes a run, for
    good. They are only looked up while that step is traced. TensorFlow has no public way to drop
    them.
    """
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import ops

        gradients = ops.gradient_registry._registry
        for name in [each for each in gradients if each.startswith("CustomGradient-")]:
            del gradients[name]
        # Whatever Python has fed to TensorFlow, with all features of a training behind it.
        getattr(ops.get_default_graph(), "_py_funcs_used_in_graph", []).clear()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # glibc keeps what is freed for itself, often a gigabyte of it
        trim(0)
