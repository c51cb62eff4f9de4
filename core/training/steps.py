"""Keras models that take their training steps in another way than Keras does.

A head trains many steps at a time: one takes a millisecond, and handing it over takes more. Thawed
layers train more gently than the new head.
"""

from typing import Any

import numpy as np

from core.backbones.frameworks import keras, tf

_AT_ONCE = 64
_BYTES = 16 << 20
_PARAMETERS = 10_000_000  # that the steps of one call change together in about a quarter second


def at_once(parameters: int, batch_bytes: int) -> int:
    """How many steps to train in one call, so that it stays short and small.

    Args:
        parameters: That a step changes.
        batch_bytes: Of the features that it learns from.
    """
    return max(1, min(_AT_ONCE, _PARAMETERS // parameters, _BYTES // batch_bytes))


class ManySteps(keras.Model):  # type: ignore[misc]
    """A functional model that is given the images of several steps in one call.

    It makes the same steps as if they came one by one. Call `compile` as for any model, then
    `divide`.
    """

    def compile(self, **options: Any) -> None:
        """As Keras, but never with XLA, which cannot slice by a counter: on a GPU Keras would."""
        super().compile(**options, jit_compile=False)

    def divide(self, batch_size: int, steps: int) -> None:
        """Say how what it is given is divided.

        Args:
            batch_size: Images a step.
            steps: In a call, at the most.
        """
        self.batch_size = batch_size
        self.steps = steps
        self._rates = tf.Variable(np.zeros(steps, "float32"), trainable=False)
        if not self.optimizer.built:  # in a loop it cannot be
            self.optimizer.build(self.trainable_variables)

    def set_rates(self, rates: np.ndarray) -> None:
        """Set the learning rate of each step in the call to come, [steps]."""
        self._rates.assign(rates)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Several batches, each as Keras does it."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.shape(x)[0]

        def one(number: Any) -> list[Any]:
            some = slice(number * self.batch_size, (number + 1) * self.batch_size)
            self.optimizer.learning_rate.assign(self._rates[number])
            batch = (part[some] for part in (x, y, weights) if part is not None)
            super(ManySteps, self).train_step(tuple(batch))
            return [number + 1]

        def more(number: Any) -> Any:
            return number * self.batch_size < images

        tf.while_loop(more, one, [tf.constant(0)], parallel_iterations=1)
        return dict(self.get_metrics_result())


class TwoRates(keras.Model):  # type: ignore[misc]
    """A functional model whose thawed layers have their own optimizer.

    Call `compile` as for any model, then `slow_down`.

    Attributes:
        thawed_optimizer: The optimizer of the thawed layers.
    """

    def slow_down(self, thawed: list[Any], share: float) -> None:
        """Let these variables learn at a share of the model's rate, without its weight decay.

        Pretrained layers need small steps: at the head's rate a few batches wipe out what they
        know. What they know is no reason to make them smaller either.
        """
        slow = {id(variable) for variable in thawed}
        self._thawed = thawed
        self._rest = [v for v in self.trainable_variables if id(v) not in slow]
        settings = self.optimizer.get_config()
        settings["learning_rate"] *= share
        self.thawed_optimizer = type(self.optimizer).from_config(settings)
        self.thawed_optimizer.exclude_from_weight_decay(thawed)
        self.thawed_optimizer.build(thawed)
        if not self.optimizer.built:  # it may have warmed the head up already
            self.optimizer.build(self._rest)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One batch, as Keras does it, but for the second optimizer."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weights)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(y)[0])
        gradients = tape.gradient(loss, [*self._rest, *self._thawed])
        self.optimizer.apply(gradients[: len(self._rest)], self._rest)
        self.thawed_optimizer.apply(gradients[len(self._rest) :], self._thawed)
        return dict(self.compute_metrics(x, y, predicted, weights))
