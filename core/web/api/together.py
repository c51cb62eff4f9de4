"""Questions that are asked at the same time are answered together.

A network that gets one picture at a time leaves the other processors idle. So the first asker
answers for everybody who waits; those who come meanwhile are in the next group. There is no thread
and no timer: a single question is answered at once.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Answers questions from any number of threads, as many at once as there are."""

    def __init__(self, answer: Callable[[list[Question]], Sequence[Answer]]) -> None:
        """
        Args:
            answer: Answers some questions, in their order. Only one thread at a time calls it.
        """
        self._answer = answer
        self._waiting: deque[tuple[Question, Future[Answer]]] = deque()
        self._turn = threading.Lock()

    def ask(self, question: Question) -> Answer:
        """The answer to one question; raises what `answer` raises."""
        own: Future[Answer] = Future()
        self._waiting.append((question, own))
        with self._turn:
            if not own.done():
                self._answer_all()
        return own.result()

    def _answer_all(self) -> None:
        asked = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            answers = self._answer([question for question, _ in asked])
        except BaseException as error:
            for _, future in asked:
                future.set_exception(error)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                future.set_result(answer)
