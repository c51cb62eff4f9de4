"""Names what a camera sees: python camera.py [NUMBER OR FILE]

On a Raspberry Pi it takes the Pi's camera (Picamera2), elsewhere a webcam or a film (OpenCV).
NUMBER says which camera, from 0 on. A line is printed whenever the answer changes; Ctrl+C ends it.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import picture
import predict
import runtime

_SIZE = (640, 480)
_NO_CAMERA = """No way to reach a camera was found. On a Raspberry Pi:
    sudo apt install python3-picamera2
    python -m venv --system-site-packages .venv
Elsewhere:
    pip install opencv-python"""


def frames(source: str) -> Iterator[np.ndarray]:
    """Pictures of a camera, uint8 [height, width, 3], red, green, blue.

    Args:
        source: The number of a camera, or a film.

    Raises:
        SystemExit: There is no camera, or nothing to reach one with; it says what to do.
    """
    if source.isdigit():
        try:
            from picamera2 import Picamera2
        except ImportError:
            pass
        else:
            yield from _of_a_pi(Picamera2, int(source))
            return
    try:
        import cv2
    except ImportError:
        raise SystemExit(_NO_CAMERA) from None
    taken = cv2.VideoCapture(int(source) if source.isdigit() else source)
    try:
        while True:
            there, frame = taken.read()
            if not there:
                raise SystemExit(f"No (more) pictures came from {source}.")
            yield frame[..., ::-1].copy()  # OpenCV has blue first
    finally:
        taken.release()


def _of_a_pi(camera_of: Any, number: int) -> Iterator[np.ndarray]:
    if number >= len(camera_of.global_camera_info()):
        raise SystemExit("No such camera was found. Check its cable: rpicam-hello --list-cameras")
    camera = camera_of(number)
    # “BGR888” is how libcamera calls bytes in the order red, green, blue.
    camera.configure(camera.create_video_configuration({"size": _SIZE, "format": "BGR888"}))
    camera.start()
    try:
        while True:
            yield camera.capture_array("main")
    finally:
        camera.stop()


def lines(pictures: Iterable[np.ndarray], network: runtime.Network) -> Iterator[str]:
    """What the network says, whenever it says something else.

    Args:
        pictures: As `frames` gives them.
        network: As `runtime.Network(predict.FOLDER)` makes it.
    """
    before = None
    for frame in pictures:
        pixels = picture.prepare_frame(frame, predict.FACTS["picture"])
        answer = predict.answer(network(pixels))
        label = "none of these" if answer["known"] is False else answer["label"]
        if not answer.get("sure", True):
            label += " (not sure)"
        if label != before:
            yield f"{label}  {answer['confidence']:.0%}"
        before = label


def main() -> None:
    """Watch until somebody ends it."""
    network = runtime.Network(predict.FOLDER)
    source = sys.argv[1] if len(sys.argv) > 1 else "0"
    try:
        for line in lines(frames(source), network):
            predict.show(line)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
