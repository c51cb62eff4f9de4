"""Trains thawed layers more gently than the new head."""

from typing import Any

from core.backbones.frameworks import keras, tf

# Pretrained layers need small steps: at the head's rate a few batches wipe out what they know.
# A tenth is in the middle of what fastai's `fine_tune` spreads over a network (1 to 1/100).
THAWED_RATE = 0.1


class TwoRates(keras.Model):  # type: ignore[misc]
    """A functional model whose thawed layers have an optimizer of their own.

    Call `compile` as for any model, then `slow_down`.
    """

    def slow_down(self, thawed: list[Any]) -> None:
        """Let these variables learn at THAWED_RATE times the model's rate."""
        slow = {id(variable) for variable in thawed}
        self._thawed = thawed
        self._rest = [v for v in self.trainable_variables if id(v) not in slow]
        settings = self.optimizer.get_config()
        settings["learning_rate"] *= THAWED_RATE
        self._thawed_optimizer = type(self.optimizer).from_config(settings)
        self._thawed_optimizer.build(thawed)
        self.optimizer.build(self._rest)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One batch, as Keras does it, but for the second optimizer."""
        x, y = data
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=predicted)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(y)[0])
        gradients = tape.gradient(loss, [*self._rest, *self._thawed])
        self.optimizer.apply(gradients[: len(self._rest)], self._rest)
        self._thawed_optimizer.apply(gradients[len(self._rest) :], self._thawed)
        return dict(self.compute_metrics(x, y, predicted))
