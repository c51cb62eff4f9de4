"""TensorFlow's SavedModel, which takes JPEG files: decoding, turning and resizing are inside."""

from typing import Any

from core.backbones.frameworks import tf
from core.exports import graph
from core.exports.order import Order
from core.intake.pictures.preparation import AVERAGE_COLOUR
from core.settings import Squaring

_HEAD = 1 << 16  # bytes of a JPEG within which its EXIF lies
_EXIF, _ORIENTATION = b"Exif\0\0", 0x0112
_ENTRIES = 64  # of EXIF's first list that are looked through


def convert(order: Order) -> None:
    """Write it, with a signature for JPEG files and one for pixels.

    Raises:
        UserError: The model is damaged.
    """
    model = graph.load(order.model)
    answer = graph.answers(model)
    size, square = order.size, order.preparation.square
    classes = tf.constant(order.classes)

    def from_jpegs(jpeg: Any) -> dict[str, Any]:
        squares = tf.map_fn(
            lambda data: prepared(data, size, square), jpeg, fn_output_signature=tf.uint8
        )
        found = answer(tf.ensure_shape(squares, (None, size, size, 3)))
        shape = tf.stack([tf.shape(jpeg)[0], 1])
        return {**found, "classes": tf.tile(classes[None], shape)}

    graph.write(
        model,
        order.folder / "saved_model",
        {
            "serving_default": (from_jpegs, tf.TensorSpec((None,), tf.string, name="jpeg")),
            "pixels": (answer, graph.pixels(model, batch=None)),
        },
    )


def prepared(data: Any, size: int, square: Squaring) -> Any:
    """A JPEG as the network sees it, by TensorFlow's own operations.

    Args:
        data: A scalar string.
        size: Side of the square.
        square: How the picture becomes square.

    Returns:
        uint8 [size, size, 3].
    """
    image = turned(tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"), data)
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    shape = tf.constant([size, size])
    if square is Squaring.CROP:
        side = tf.minimum(height, width)
        image = tf.image.crop_to_bounding_box(
            image, (height - side) // 2, (width - side) // 2, side, side
        )
    elif square is Squaring.PAD:
        scale = size / tf.maximum(height, width)
        within = tf.cast(tf.stack([height, width]), tf.float64) * scale
        shape = tf.maximum(1, tf.cast(tf.round(within), tf.int32))
    image = tf.image.resize(tf.cast(image, tf.float32), shape, antialias=True)
    image = tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)
    if square is Squaring.PAD:
        image = _on_paper(image, shape, size)
    return tf.ensure_shape(image, (size, size, 3))


def _on_paper(image: Any, shape: Any, size: int) -> Any:
    """A picture in the middle of a square of the average colour."""
    before = (size - shape) // 2
    around = tf.stack([before, size - shape - before], axis=1)
    planes = [
        tf.pad(image[..., channel], around, constant_values=tf.constant(colour, tf.uint8))
        for channel, colour in enumerate(AVERAGE_COLOUR)
    ]
    return tf.stack(planes, axis=-1)


def turned(image: Any, data: Any) -> Any:
    """A picture upright, as the EXIF of its JPEG says; TensorFlow's decoder passes over it."""
    orientation = orientation_of(data)
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    mirrored = tf.reduce_any(tf.equal(orientation, [2, 3, 6, 7]))
    upside_down = tf.reduce_any(tf.equal(orientation, [3, 4, 7, 8]))
    image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(upside_down, lambda: tf.reverse(image, [0]), lambda: image)


def orientation_of(data: Any) -> Any:
    """EXIF's orientation of a JPEG, from 1 to 8; 1 where it says none."""
    head = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 0, _HEAD), tf.uint8), tf.int32)
    head = tf.pad(head, [[0, 16]])  # so that every place looked at is there
    count = tf.size(head) - len(_EXIF) + 1
    places = [head[at : at + count] for at in range(len(_EXIF))]
    found = tf.reduce_all(tf.stack([p == byte for p, byte in zip(places, _EXIF, strict=True)]), 0)
    start = tf.argmax(found, output_type=tf.int32) + len(_EXIF)
    little = tf.equal(tf.gather(head, start), ord("I"))
    last = tf.size(head) - 4

    def short(at: Any) -> Any:
        at = tf.clip_by_value(at, 0, last)
        first, second = tf.gather(head, at), tf.gather(head, at + 1)
        return tf.where(little, first + 256 * second, 256 * first + second)

    # Offsets have 4 bytes, but a JPEG's EXIF is shorter than 64 KiB.
    directory = start + short(start + tf.where(little, 4, 6))
    entries = directory + 2 + 12 * tf.range(tf.minimum(short(directory), _ENTRIES))
    values = tf.boolean_mask(short(entries + 8), tf.equal(short(entries), _ORIENTATION))
    told = tf.concat([values, [1]], axis=0)[0]
    valid = tf.reduce_any(found) & (told >= 1) & (told <= 8)
    return tf.where(valid, told, 1)
