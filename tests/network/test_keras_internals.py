"""What Thaw uses of Keras and TensorFlow beyond their documented interface: when an upgrade changes
it, this says which of it, where, and what it is for."""

from typing import Any

import numpy as np
import pytest

from core.backbones.frameworks import keras, tf


@pytest.fixture
def model() -> Any:
    images = keras.layers.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 3, name="convolution")(images)
    return keras.Model(images, keras.layers.ReLU(name="relu")(x))


def test_tensorflow_registers_custom_gradients_of_graphs_in_gradient_registry() -> None:
    """`memory.give_back` takes them out. If this fails, graphs of finished runs stay in memory."""
    from tensorflow.python.framework import ops

    @tf.custom_gradient
    def same(x: Any) -> tuple[Any, Any]:
        return tf.identity(x), lambda upstream: upstream

    before = set(ops.gradient_registry._registry)
    tf.function(same).get_concrete_function(tf.TensorSpec((), tf.float32))
    (added,) = set(ops.gradient_registry._registry) - before
    assert added.startswith("CustomGradient-")
    del ops.gradient_registry._registry[added]


def test_keras_models_run_through_graph_with_operations_of_ones_own(model: Any) -> None:
    """`Functional._run_through_graph`: how `InferenceMode` puts operations in others' place."""
    met: list[str] = []

    def instead(operation: Any) -> Any:
        met.append(operation.name)
        return operation if operation.name == "convolution" else lambda x, **_: x - 1

    zeros = np.zeros((1, 4, 4, 3), "float32")
    answer = model._run_through_graph(zeros, operation_fn=instead)
    assert met == ["convolution", "relu"]
    np.testing.assert_array_equal(answer, model.get_layer("convolution")(zeros) - 1)


def test_keras_models_nodes_by_depth_hold_operations_and_tensors(model: Any) -> None:
    """`Functional._nodes_by_depth`: where `InferenceMode` finds what follows a convolution."""
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    by_name = {node.operation.name: node for node in nodes}
    (into,) = by_name["relu"].input_tensors
    assert into is by_name["convolution"].outputs[0]


def test_keras_history_leads_from_a_tensor_to_the_node_that_made_it(model: Any) -> None:
    """`KerasTensor._keras_history` and `_inbound_nodes`: how `freeze` walks back from a layer."""
    operation, node, _ = model.outputs[0]._keras_history
    assert operation is model.get_layer("relu")
    (needed,) = operation._inbound_nodes[node].input_tensors
    assert needed._keras_history.operation is model.get_layer("convolution")


def test_keras_inbound_and_outbound_nodes_grow_with_each_model_built_upon_one(model: Any) -> None:
    """`Operation._inbound_nodes`, `_outbound_nodes`: `Network` clears them for each new run."""
    before = len(model._inbound_nodes)
    keras.layers.ReLU()(model(keras.layers.Input((4, 4, 3))))
    assert len(model._inbound_nodes) == before + 1
    assert len(model._outbound_nodes) == 1


def test_keras_flatten_layers_reaches_layers_in_models_in_models(model: Any) -> None:
    """`Layer._flatten_layers`: whose layers `computing_in` sets to another precision."""
    images = keras.layers.Input((4, 4, 3))
    outer = keras.Model(images, model(images))
    assert model.get_layer("convolution") in list(outer._flatten_layers())
