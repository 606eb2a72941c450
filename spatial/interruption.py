"""Ctrl-C, and the signal by which systems end a program: answered within seconds, whatever is being computed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

INTERRUPTED, TOLD_TO_END = 130, 143
"""Exit codes of Ctrl-C and of SIGTERM, as of any program that the signal ends: 128 and its number."""
SAID = "interrupted; finished stages are kept, run again to go on"
GRACE_S = 5.0
"""How long a step that cannot be interrupted, such as a solver's, may go on before the program ends without it."""


class ToldToEndError(KeyboardInterrupt):
    """SIGTERM, taken as Ctrl-C is."""


@contextlib.contextmanager
def answered_soon() -> Iterator[None]:
    """
    Raise `KeyboardInterrupt` or `ToldToEndError` in the block on a signal, and end the program where that does not.

    Python hands a signal on between two of its own steps; a solver may be at work for minutes then. All that is kept
    is written under another name and renamed, so that a program may end at any moment, as by ``kill -9``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, woken = socket.socketpair()
    woken.setblocking(False)
    codes = {int(signal.SIGINT): INTERRUPTED, int(signal.SIGTERM): TOLD_TO_END}
    has_ended = threading.Event()

    def watch() -> None:
        while signals := heard.recv(1):
            if signals[0] in codes and not has_ended.wait(GRACE_S):
                with contextlib.suppress(OSError):
                    os.write(2, f"{SAID}\n".encode())
                os._exit(codes[signals[0]])

    def told_to_end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise ToldToEndError

    before = signal.signal(signal.SIGTERM, told_to_end)
    waker = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        has_ended.set()
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGTERM, before)
        woken.close()
        watcher.join()
        heard.close()
