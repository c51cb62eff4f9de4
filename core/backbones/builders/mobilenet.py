"""MobileNet at a quarter of its width, for pictures that are smaller than Keras' weights expect.

Architecture: Howard et al. 2017 (arXiv:1704.04861). A convolution does not depend on the size of
the picture, so the weights are those that were published for 224 pixels.
"""

from core.backbones.frameworks import keras


def quarter(input_size: int, top: bool = False) -> keras.Model:
    """MobileNet 0.25 with random weights.

    Args:
        input_size: Side of the square input, in pixels.
        top: With its 1000 ImageNet classes.

    Returns:
        A model from images [N, input_size, input_size, 3], scaled to x / 127.5 - 1, to features
        [N, input_size / 32, input_size / 32, 256], or with `top` to probabilities [N, 1000].
    """
    return keras.applications.MobileNet(
        input_shape=(input_size, input_size, 3),
        alpha=0.25,
        include_top=top,
        pooling=None,
        weights=None,
    )
