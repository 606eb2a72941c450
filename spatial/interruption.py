"""Ctrl-C, and the signal by which systems end a program: answered within seconds, whatever is being computed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

INTERRUPTED, TOLD_TO_END = 130, 143
"""Exit codes of Ctrl-C and of SIGTERM, as of any program that the signal ends: 128 and its number."""
SAID = "interrupted; finished stages are kept, run again to go on"
GRACE_S = 5.0
"""How long a step that cannot be interrupted, such as a solver's, may go on before the program ends without it."""


_SENT: list[int] = []
"""Signals of the block that is at work."""
_NEEDS_AN_ANSWER = "_raw_object_cache_"
"""How functions of llvmlite begin that LLVM calls while it loads a kernel: left by an error, they crash it."""


class ToldToEndError(KeyboardInterrupt):
    """SIGTERM, taken as Ctrl-C is."""


def stop_if_told() -> None:
    """Raise the interruption that a library kept for itself, before what it gave back, perhaps wrong, is put to use."""
    if _SENT:
        raise ToldToEndError if _SENT[0] == signal.SIGTERM else KeyboardInterrupt


def has_stopped() -> None:
    """Take the signal as answered: what was at work until one came has stopped."""
    _SENT.clear()


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
    has_ended, comes_later = threading.Event(), threading.Event()

    def watch() -> None:
        while signals := heard.recv(1):
            ends = time.monotonic() + GRACE_S
            while signals[0] in codes and not has_ended.wait(min(GRACE_S, 0.05)):
                if comes_later.is_set():
                    comes_later.clear()
                    signal.raise_signal(signals[0])
                if time.monotonic() > ends:
                    with contextlib.suppress(OSError):
                        os.write(2, f"{SAID}\n".encode())
                    os._exit(codes[signals[0]])

    def answer(number: int, frame: FrameType | None) -> None:
        _SENT.append(number)
        while frame is not None:
            if frame.f_code.co_name.startswith(_NEEDS_AN_ANSWER):
                comes_later.set()
                return
            frame = frame.f_back
        stop_if_told()

    def unraisable(ignored: Any) -> None:
        if not isinstance(ignored.exc_value, KeyboardInterrupt):
            told(ignored)

    # A shell that starts a program in the background has it ignore Ctrl-C, which is meant for what runs before it.
    heeded = [number for number in codes if number != signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, answer) for number in heeded}
    told, sys.unraisablehook = sys.unraisablehook, unraisable
    waker = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception:
        stop_if_told()  # an error that comes of an interruption which a library kept
        raise
    else:
        stop_if_told()
    finally:
        has_ended.set()
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = told
        has_stopped()
        woken.close()
        watcher.join()
        heard.close()
