"""A limit for slow senders: a request's body has to keep coming.

A line that is opened, sends half of a body and then nothing would be held for ever, and a few
hundred of them hold all that a server can.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

_SILENCE = 60.0  # seconds without a byte; a page gives up after half of that and asks again
_SLOWEST = 1000  # bytes a second, on average over all that came
_UNREAD = 16 << 20  # bytes that are heard out before an early answer, for who only then listens


class Paced:
    """`receive` and `send` of one HTTP request.

    A body that is late looks to the app like a dropped line. The answer to it is 408, and the line
    is closed. An answer that is sent before the body was read waits for it, so that it arrives.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._whole = headers.get("content-length", "0") == "0" and (
            "transfer-encoding" not in headers
        )
        self._receive, self._send = receive, send
        self._began = asyncio.get_running_loop().time()
        self._come = 0
        self.late = False
        self.answered = False

    async def receive(self) -> Message:
        """The next part of the body; without end afterwards, as the server does it."""
        if self._whole:
            return await self._receive()
        end = self._began + _SILENCE + self._come / _SLOWEST
        try:
            async with asyncio.timeout(_SILENCE), asyncio.timeout_at(end):
                message = await self._receive()
        except TimeoutError:
            self.late = self._whole = True
            return {"type": "http.disconnect"}
        self._come += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on."""
        if message["type"] == "http.response.start":
            self.answered = True
            while not self._whole and self._come < _UNREAD:
                await self.receive()
            if self.late or not self._whole:
                close = (b"connection", b"close")
                message = {**message, "headers": [*message.get("headers", ()), close]}
            if self.late:
                message = {**message, "status": 408}
        await self._send(message)
