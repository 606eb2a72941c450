"""Where work is shared, and nowhere else: between threads of a process, and between workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from spatial.errors import MissingDependencyError, WorkersError

Task = TypeVar("Task")
Found = TypeVar("Found")

ANSWER_S = 5.0
"""How long a scheduler may take to answer, and to have a worker; seconds."""
LOST_WORKERS = 3
"""So many workers may be lost with the same task in hand before it is taken for the cause."""
_WITHIN_WORKER = ContextVar("within_worker", default=False)


def map_blocks(
    task: Callable[[int, int], Found], bounds: Sequence[tuple[int, int]], executor: Executor | None = None
) -> list[Found]:
    """Do a task for the ends of each block in order: by threads, or one by one in a worker of a cluster."""
    if executor is not None:
        return list(executor.map(task, *zip(*bounds, strict=True)))
    if len(bounds) == 1 or _WITHIN_WORKER.get():
        return [task(first, stop) for first, stop in bounds]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(task, *zip(*bounds, strict=True)))


class Share(NamedTuple):
    """
    How a run is shared: between which workers, and in tiles of which size.

    Parameters
    ----------
    workers : int
        So many processes of this machine; 0 for none.
    scheduler : str
        Address of a Dask scheduler whose workers see the same files, such as ``tcp://10.0.0.5:8786``; empty for none.
    tile_km : float, optional
        Side of the tiles that a large study is cut into, kilometres; without it 200 where there are workers, and no
        tiles where there are none.

    Examples
    --------
    >>> Share(workers=4).is_asked, Share().is_asked
    (True, False)
    """

    workers: int = 0
    scheduler: str = ""
    tile_km: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether anything is to be shared at all."""
        return self != Share()


class Team:
    """Workers of a cluster; without one this process does all by itself, one task after the other."""

    def __init__(self, client: Any = None, address: str = "") -> None:
        self._client = client
        self._address = address

    def each(self, ask: Callable[[], Found]) -> list[Found]:
        """Ask every worker once."""
        if self._client is None:
            return [ask()]
        with self._lost_in_words():
            return list(self._client.run(ask).values())

    def results(self, do: Callable[[Task], Found], tasks: Sequence[Task]) -> Iterator[tuple[int, Found]]:
        """Give each task with its number as it ends; a task whose worker is lost goes to another one."""
        if self._client is None:
            yield from ((number, do(task)) for number, task in enumerate(tasks))
            return
        from distributed import as_completed  # noqa: PLC0415 - of an extra

        with self._lost_in_words():
            futures = {self._client.submit(_within_worker, do, task, pure=False): n for n, task in enumerate(tasks)}
            try:
                finished: Any = as_completed(futures, loop=self._client.loop)  # type: ignore[no-untyped-call,unused-ignore]
                for future in finished:
                    yield futures[future], future.result()
            finally:
                with contextlib.suppress(Exception):  # a cluster that is lost has nothing to cancel
                    self._client.cancel(list(futures))

    @contextlib.contextmanager
    def _lost_in_words(self) -> Iterator[None]:
        """Say in words that workers or their scheduler are lost; errors of tasks stay as they are."""
        from distributed import KilledWorker  # noqa: PLC0415 - of an extra
        from distributed.client import FutureCancelledError  # noqa: PLC0415 - as above
        from distributed.comm.core import CommClosedError  # noqa: PLC0415 - as above

        try:
            yield
        except KilledWorker as error:
            raise WorkersError(
                f"{LOST_WORKERS + 1} workers were lost one after the other with the same part of the work: most likely "
                "it needs more memory than a worker has. Take smaller tiles (--tile-km) or fewer workers on a "
                "machine, and run again: finished tiles are kept"
            ) from error
        except (FutureCancelledError, CommClosedError, TimeoutError) as error:
            raise WorkersError(
                f"the scheduler at {self._address} was lost while it was at work; start it again, or go on with "
                "--workers or without: finished tiles are kept"
            ) from error


def _within_worker(do: Callable[[Task], Found], task: Task) -> Found:
    """Do a task as a worker: the cores of the machine have other workers to serve."""
    _WITHIN_WORKER.set(True)
    return do(task)


@contextlib.contextmanager
def team_of(share: Share) -> Iterator[Team]:
    """Give the workers that are asked for: of a cluster that there is, or of one on this machine alone."""
    if not (share.workers or share.scheduler):
        yield Team()
        return
    try:
        import dask  # noqa: PLC0415 - of an extra
        from distributed import Client, LocalCluster  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingDependencyError(str(error.name), "dask") from error

    settings = {
        "distributed.scheduler.allowed-failures": LOST_WORKERS,
        "distributed.worker.daemon": False,  # a whole study may start processes of its own
        "distributed.comm.timeouts.connect": f"{ANSWER_S:g}s",
        "distributed.admin.large-graph-warning-threshold": "1 GiB",  # what the tasks of a run take is our own choice
    }
    # What Dask logs of workers that come and go is said by us where it matters.
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado.application")]
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        for logger in loggers:
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        address = share.scheduler
        if address:
            # An address where nobody listens is refused before anything is started.
            found = re.fullmatch(r"(?:tcp|tls)://(\[[^\]\s]+\]|[^/:\s]+):(\d{1,5})", address)
            if found is None:
                raise WorkersError(f"{address} is no address of a scheduler, such as tcp://10.0.0.5:8786")
            try:
                socket.create_connection((found[1].strip("[]"), int(found[2])), timeout=ANSWER_S).close()
            except (OSError, OverflowError) as error:
                raise _no_answer(address, error) from error
        else:
            scratch = tempfile.TemporaryDirectory(prefix="spatial-workers-", ignore_cleanup_errors=True)
            cluster = LocalCluster(  # type: ignore[no-untyped-call,unused-ignore]
                n_workers=share.workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # any port that is free
                local_directory=stack.enter_context(scratch),
                memory_limit=0,  # the system knows better what there is
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(cluster)
            address = cluster.scheduler_address
        try:
            client: Any = Client(address, timeout=ANSWER_S, set_as_default=False)  # type: ignore[no-untyped-call,unused-ignore]
        except OSError as error:
            raise _no_answer(address, error) from error
        stack.callback(_close, client)
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError as error:
            raise WorkersError(
                f"the scheduler at {address} has no worker; start some with `dask worker {address}`"
            ) from error
        yield Team(client, address)


def _no_answer(address: str, error: Exception) -> WorkersError:
    return WorkersError(
        f"no scheduler answers at {address} within {ANSWER_S:g} s ({error}); start one there with `dask scheduler`, or "
        "take workers of this machine with --workers"
    )


def _close(client: Any) -> None:
    with contextlib.suppress(Exception):  # what is lost is closed already
        client.close(timeout=ANSWER_S)


# The tiles of the run at hand.

TILE_KM = 200.0
"""Side of a tile where nobody says another; kilometres."""


class Tiling(NamedTuple):
    """Into what a run is cut, and who does the tiles."""

    team: Team
    tile_km: float
    folder: Path  # for the roads and places of tiles, and what was found of them


_TILING: ContextVar[Tiling | None] = ContextVar("tiling", default=None)


def tiling() -> Tiling | None:
    """Say into what the run at hand is cut; None where it is not cut."""
    return _TILING.get()


@contextlib.contextmanager
def cut_into_tiles(share: Share, folder: Path) -> Iterator[None]:
    """Cut the run in this block into tiles, where that is asked for."""
    if not share.is_asked:
        yield
        return
    with team_of(share) as team:
        mark = _TILING.set(Tiling(team, TILE_KM if share.tile_km is None else share.tile_km, folder))
        try:
            yield
        finally:
            _TILING.reset(mark)
