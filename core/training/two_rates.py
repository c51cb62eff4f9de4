"""Trains thawed layers more gently than the new head."""

from typing import Any

from core.backbones.frameworks import keras, tf


class TwoRates(keras.Model):  # type: ignore[misc]
    """A functional model whose thawed layers have an optimizer of their own.

    Call `compile` as for any model, then `slow_down`.

    Attributes:
        thawed_optimizer: It.
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
