"""Tags of roads as columns of a frame: absent columns are untagged, letters are small, lists are split."""

from __future__ import annotations

import re

import pandas as pd

__all__ = ["first_present", "members", "tag_column", "tag_lists"]

_SEPARATOR = re.compile(r"[;|]")


def tag_column(roads: pd.DataFrame, name: str) -> pd.Series:
    """
    Read one tag of every road.

    Parameters
    ----------
    roads : DataFrame
        Left unchanged.
    name : str
        Column; one that is absent counts as untagged.

    Returns
    -------
    Series of object
        Small letters without blanks around; missing where untagged or empty.
    """
    if name not in roads.columns:
        return pd.Series(None, index=roads.index, dtype=object)
    values = roads[name].astype(object)
    known = {
        value: text
        for value in values.dropna().unique()
        if (text := _as_text(value).strip().lower()) and text != "nan"
    }
    return values.map(known).astype(object)


def _as_text(value: object) -> str:
    # A limit read from a table of the user's own may be a number: 50.0 is the tag "50".
    return f"{value:g}" if isinstance(value, float) else str(value)


def members(text: str) -> list[str]:
    """
    Split a list of values such as ``"asphalt;gravel"``.

    Parameters
    ----------
    text : str
        As tagged.

    Returns
    -------
    list of str
        Its members in small letters, without empty ones.

    Examples
    --------
    >>> members("Asphalt; gravel")
    ['asphalt', 'gravel']
    """
    return [part for part in (item.strip().lower() for item in _SEPARATOR.split(text)) if part]


def tag_lists(roads: pd.DataFrame, name: str) -> dict[str, list[str]]:
    """
    Split every different value of one tag.

    Parameters
    ----------
    roads : DataFrame
        Left unchanged.
    name : str
        Column; one that is absent counts as untagged.

    Returns
    -------
    dict of str to list of str
        Members by value.
    """
    return {text: members(text) for text in tag_column(roads, name).dropna().unique()}


def first_present(roads: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """
    Take the first tag that is present out of several, in the order given.

    Parameters
    ----------
    roads : DataFrame
        Left unchanged.
    names : tuple of str
        Columns, the most specific first.

    Returns
    -------
    Series of object
        Its value; missing where none is present.
    """
    chosen = tag_column(roads, names[0])
    for name in names[1:]:
        chosen = chosen.where(chosen.notna(), tag_column(roads, name))
    return chosen
