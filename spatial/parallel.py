"""The executor that heavy functions map over: serial, threads, processes or Dask."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from spatial.errors import MissingDependencyError, SpatialError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["SerialExecutor", "map_blocks", "open_executor"]

Block = TypeVar("Block")
Result = TypeVar("Result")


class SerialExecutor(Executor):
    """An executor that does the work at once, in the caller's thread."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """
        Run a function now.

        Parameters
        ----------
        fn : callable
            What to run.
        *args, **kwargs : object
            Its arguments.

        Returns
        -------
        concurrent.futures.Future
            Already done.
        """
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - a future carries whatever was raised to its reader
            future.set_exception(error)
        return future


def map_blocks(
    function: Callable[[Block], Result], blocks: Iterable[Block], *, executor: Executor | None = None
) -> list[Result]:
    """
    Apply a top-level function to every block, in order.

    Parameters
    ----------
    function : callable
        Picklable, so defined at module level.
    blocks : iterable
        Its arguments, one a call.
    executor : concurrent.futures.Executor, optional
        Serial without one.

    Returns
    -------
    list
        One result a block, in the order of the blocks.
    """
    return list((executor or SerialExecutor()).map(function, blocks))


def open_executor(kind: str, *, workers: int | None = None) -> Executor:
    """
    Open an executor by name.

    Parameters
    ----------
    kind : {'serial', 'processes', 'dask'}
        How to run blocks.
    workers : int, optional
        How many at once; the machine's cores by default.

    Returns
    -------
    concurrent.futures.Executor
        To be used in a ``with`` statement.

    Raises
    ------
    MissingDependencyError
        For 'dask' without the extra.
    SpatialError
        For an unknown kind.
    """
    if kind == "serial":
        return SerialExecutor()
    if kind == "processes":
        return ProcessPoolExecutor(workers)
    if kind == "dask":
        try:
            from dask.distributed import Client  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            raise MissingDependencyError("dask.distributed", "dask") from error
        client: Any = Client
        executor: Executor = client(n_workers=workers, set_as_default=False).get_executor()
        return executor
    raise SpatialError(f"executor {kind!r} is not known; use 'serial', 'processes' or 'dask'")
