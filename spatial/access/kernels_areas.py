"""Compiled passes over the nodes of a grid: distances to pieces of roads, and the outlines of labelled ground."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spatial.compiled import empty_float64, empty_int32, inner, nones_int32, outer, zeros_uint8

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know. It compiles what writes single numbers into given
# arrays in a fraction of the time that assignments of rows, array methods and filled arrays take.


BAND = 1.5
"""Nodes this near to a piece are asked about it at once: the corners of every square that it passes, in cells."""


@inner  # pragma: no cover - compiled
def _squared(pieces: NDArray[np.float64], piece: int, x: float, y: float) -> float:
    """Squared distance between a point and a piece, in squared cells."""
    x0, y0 = pieces[piece, 0], pieces[piece, 1]
    dx, dy = pieces[piece, 2] - x0, pieces[piece, 3] - y0
    ax, ay = x - x0, y - y0
    along, length = ax * dx + ay * dy, dx * dx + dy * dy
    # Most points lie beside an end of a piece: no division for these.
    if along >= length:
        ax -= dx
        ay -= dy
    elif along > 0.0:
        part = along / length
        ax -= part * dx
        ay -= part * dy
    return float(ax * ax + ay * ay)


@outer  # pragma: no cover - compiled
def seed(pieces: NDArray[np.float64], gap: NDArray[np.float32], nearest: NDArray[np.int32]) -> None:
    """
    Measure the distance between pieces and the nodes right beside them, in place where it is shorter.

    Of pieces, the two ends are given in cells from the first node: column, row, column, row. `gap` is the distance of
    each node to the nearest piece in cells, and `nearest` that piece, the first of pieces as near.
    """
    rows, columns = gap.shape
    for piece in range(pieces.shape[0]):
        x0, y0, x1, y1 = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2], pieces[piece, 3]
        first = max(0, math.ceil(min(y0, y1) - BAND))
        last = min(rows - 1, math.floor(max(y0, y1) + BAND))
        for row in range(first, last + 1):
            left, right = min(x0, x1), max(x0, x1)
            if y0 != y1:
                low = min(max((row - BAND - y0) / (y1 - y0), 0.0), 1.0)
                high = min(max((row + BAND - y0) / (y1 - y0), 0.0), 1.0)
                left = x0 + min(low * (x1 - x0), high * (x1 - x0))
                right = x0 + max(low * (x1 - x0), high * (x1 - x0))
            begin = max(0, math.ceil(left - BAND))
            for column in range(begin, min(columns - 1, math.floor(right + BAND)) + 1):
                away = np.float32(math.sqrt(_squared(pieces, piece, float(column), float(row))))
                if away < gap[row, column]:
                    gap[row, column] = away
                    nearest[row, column] = piece


@inner  # pragma: no cover - compiled
def _open(east: NDArray[np.float32], north: NDArray[np.float32], row: int, column: int, down: int, right: int) -> bool:
    """Tell whether a node and its neighbour are joined without a wall between them."""
    if east.shape[0] == 0:
        return True
    low, left = min(row, row + down), min(column, column + right)
    if right == 0:
        return bool(north[low, column] < 0.0)
    if down == 0:
        return bool(east[row, left] < 0.0)
    over = east[row, left] < 0.0 and north[low, column + right] < 0.0
    return bool(over or (north[low, column] < 0.0 and east[row + down, left] < 0.0))


@outer  # pragma: no cover - compiled
def sweep(pieces: NDArray[np.float64], gap: NDArray[np.float32], nearest: NDArray[np.int32]) -> None:
    """Pass the nearest piece on as `spread` does, row by row up and down (Danielsson 1980); quicker without walls."""
    rows, columns = gap.shape
    # Of each row the first and last node with a piece: nothing is passed on elsewhere, and most ground has no road.
    first, last = empty_int32(rows), empty_int32(rows)
    for row in range(rows):
        first[row], last[row] = columns, -1
        for column in range(columns):
            if nearest[row, column] >= 0:
                first[row], last[row] = min(first[row], column), column
    for up in (1, -1):
        for step in range(rows):
            row = step if up == 1 else rows - 1 - step
            begin, end = first[row], last[row]
            if step > 0 and last[row - up] >= 0:
                begin, end = min(begin, max(first[row - up] - 1, 0)), max(end, min(last[row - up] + 1, columns - 1))
            if end < 0:
                continue
            for right in (1, -1):
                # On the way there the row before is asked as well; on the way back the neighbour alone.
                asked = 4 if right == 1 and step > 0 else 1
                column = begin if right == 1 else end
                while begin <= column <= end or (0 <= column < columns and nearest[row, column - right] >= 0):
                    own, least = nearest[row, column], gap[row, column]
                    for number in range(asked):
                        down = 0 if number == 0 else -up
                        aside = -right if number == 0 else number - 2
                        r, c = row + down, column + aside
                        if c < 0 or c >= columns:
                            continue
                        piece = nearest[r, c]
                        # A piece is no nearer than it is to the neighbour, less the step, a trifle over 1 or root 2.
                        step_by = np.float32(1.0001) if down == 0 or aside == 0 else np.float32(1.4143)
                        if piece < 0 or piece == own or gap[r, c] - step_by >= least:
                            continue
                        squared = _squared(pieces, np.int64(piece), float(column), float(row))
                        if squared >= np.float64(least) * np.float64(least):
                            continue
                        away = np.float32(math.sqrt(squared))
                        if away < least:
                            gap[row, column] = least = away
                            nearest[row, column] = own = piece
                    column += right
                begin, end = min(begin, column + 1), max(end, column - 1)
            while nearest[row, begin] < 0 and begin < end:
                begin += 1
            while nearest[row, end] < 0 and begin < end:
                end -= 1
            first[row], last[row] = begin, end


@inner  # pragma: no cover - compiled
def _doubled(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    larger = empty_int32(2 * numbers.shape[0])
    for place in range(numbers.shape[0]):
        larger[place] = numbers[place]
    return larger


@outer  # pragma: no cover - compiled
def spread(  # noqa: PLR0913, PLR0917 - a kernel
    pieces: NDArray[np.float64],
    gap: NDArray[np.float32],  # as in `seed`: exact to the piece at each node; changed in place, as is the next
    nearest: NDArray[np.int32],  # -1 for none so far
    start: NDArray[np.int32],  # nodes whose piece neighbours may not know of: row times columns plus column
    limit: int,  # no gap that is looked for is longer, in cells
    # where a wall crosses the way to the next node on the right, or above: 0 to 1, -1 for none; empty without any
    east: NDArray[np.float32],
    north: NDArray[np.float32],
) -> None:
    """
    Pass the nearest piece on from node to node, the nearest nodes first (Danielsson 1980, by ordered propagation).

    Only nodes that come nearer to a piece are gone through, so that a change of few pieces takes little time.
    """
    rows, columns = gap.shape
    # Nodes that are to go on, in lists by whole cells of distance. Those that have gone leave room for others.
    first = nones_int32(np.int64(limit + 2))
    held, after = empty_int32(np.int64(start.shape[0] + 1024)), empty_int32(np.int64(start.shape[0] + 1024))
    size, room = 0, -1
    for number in range(start.shape[0]):
        place = start[number]
        away = int(gap[place // columns, place % columns])
        held[size], after[size] = place, first[away]
        first[away] = size
        size += 1
    distance = 0
    while distance <= limit:
        entry = first[distance]
        if entry < 0:
            distance += 1
        else:
            place = held[entry]
            first[distance], after[entry], room = after[entry], room, entry
            row, column = place // columns, place % columns
            away, piece = gap[row, column], nearest[row, column]
            if int(away) != distance:
                continue
            for number in range(9):
                down, aside = number // 3 - 1, number % 3 - 1
                r, c = row + down, column + aside
                if r < 0 or r >= rows or c < 0 or c >= columns:
                    continue
                # A piece is no nearer than it is to the neighbour, less the step, a trifle over 1 or root 2.
                step_by = np.float32(1.0001) if down == 0 or aside == 0 else np.float32(1.4143)
                least = gap[r, c]
                if away - step_by >= least or nearest[r, c] == piece:
                    continue
                squared = _squared(pieces, np.int64(piece), float(c), float(r))
                if squared >= np.float64(least) * np.float64(least):
                    continue
                found = np.float32(math.sqrt(squared))
                if found >= least or not _open(east, north, row, column, down, aside):
                    continue
                # A short piece next on the road may be nearest to this node alone; a wall may lie before it.
                best = np.int64(piece)
                for step in (1, -1):
                    other = best + step
                    while 0 <= other < pieces.shape[0] and east.shape[0] == 0:
                        nearer = _squared(pieces, other, float(c), float(r))
                        if nearer >= squared:
                            break
                        best, squared = other, nearer
                        other += step
                found = np.float32(math.sqrt(squared))
                gap[r, c], nearest[r, c] = found, best
                if room < 0:
                    if size == held.shape[0]:
                        held, after = _doubled(held), _doubled(after)
                    entry = size
                    size += 1
                else:
                    entry = room
                    room = after[room]
                held[entry], after[entry] = r * columns + c, first[int(found)]
                first[int(found)] = entry
                distance = min(distance, int(found))


@outer  # pragma: no cover - compiled
def choose_parts(
    pieces: NDArray[np.float64], first: NDArray[np.int64], whole: NDArray[np.int32], part: NDArray[np.int32]
) -> None:
    """
    Write the nearest part of what is nearest as a whole, -1 for none.

    Parts are pieces, those of a whole one after the other: its own are ``first[whole]`` to ``first[whole + 1] - 1``.
    """
    rows, columns = whole.shape
    for row in range(rows):
        for column in range(columns):
            number = whole[row, column]
            best = np.int64(-1)
            if number >= 0:
                best = min(first[number], pieces.shape[0] - 1)
                if first[number + 1] - best > 1:
                    least = _squared(pieces, best, float(column), float(row))
                    for other in range(best + 1, first[number + 1]):
                        squared = _squared(pieces, np.int64(other), float(column), float(row))
                        if squared < least:
                            best, least = np.int64(other), squared
            part[row, column] = best


@outer  # pragma: no cover - compiled
def choose_ends(pieces: NDArray[np.float64], ends: NDArray[np.int64], nearest: NDArray[np.int32]) -> None:
    """
    Where a piece is nearest with one of its ends, name the piece that comes first of all that end there.

    `ends` are these first pieces, at the beginning and at the end of each piece; `nearest` is changed in place.
    """
    rows, columns = nearest.shape
    for row in range(rows):
        for column in range(columns):
            piece = nearest[row, column]
            if piece < 0:
                continue
            x0, y0 = pieces[piece, 0], pieces[piece, 1]
            dx, dy = pieces[piece, 2] - x0, pieces[piece, 3] - y0
            along, length = (column - x0) * dx + (row - y0) * dy, dx * dx + dy * dy
            if along >= length:
                nearest[row, column] = ends[1, piece]
            elif along <= 0.0:
                nearest[row, column] = ends[0, piece]


@outer  # pragma: no cover - compiled
def claim(  # noqa: PLR0913, PLR0917 - a kernel
    pieces: NDArray[np.float64],
    part: NDArray[np.int32],  # the nearest of all pieces, within reach and out of it; -1 for none
    out_of_reach: NDArray[np.bool_],
    whole_gap: NDArray[np.float32],  # distance to that one, and next to the nearest within reach
    gap: NDArray[np.float32],
    nearest: NDArray[np.int32],  # the nearest within reach, -1 for none
    is_elsewhere: NDArray[np.bool_],  # pieces whose ground is drawn on another grid: here it is not
    inward: NDArray[np.float32],  # distance to the border of what lies within the hull, 0 outside
    hull: float,
    half: float,
    claimed: NDArray[np.float32],  # raised to how far nodes are from the border of what is claimed, above 0 inside
) -> None:
    """Tell what ground is claimed around pieces within reach; distances in cells."""
    rows, columns = gap.shape
    for row in range(rows):
        for column in range(columns):
            if nearest[row, column] >= 0 and is_elsewhere[nearest[row, column]]:
                claimed[row, column] = -np.inf
                continue
            away = gap[row, column]
            value = np.float32(max(inward[row, column] - (hull - half), half - away))
            value = np.float32(min(value, hull - away))
            if value <= claimed[row, column]:
                continue
            own = part[row, column]
            other = np.float32(np.inf)
            if own >= 0 and out_of_reach[own]:
                other = whole_gap[row, column]
            elif own >= 0:
                # Only beside the nodes nearest to what is out of reach does it matter how far that is.
                for r in range(max(row - 1, 0), min(row + 2, rows)):
                    for c in range(max(column - 1, 0), min(column + 2, columns)):
                        piece = part[r, c]
                        if piece >= 0 and out_of_reach[piece]:
                            squared = _squared(pieces, np.int64(piece), float(column), float(row))
                            other = min(other, np.float32(math.sqrt(squared)))
            value = np.float32(min(value, max(other - half, other - away)))
            claimed[row, column] = max(claimed[row, column], value)


@outer  # pragma: no cover - compiled
def join(
    labels: NDArray[np.int32],  # of nodes, -1 along the rim
    east: NDArray[np.int32],  # point to the right of a node, and next the one above; -1 where both have one label
    north: NDArray[np.int32],
    # all -1; written by 2 x point + side: the point that follows on the border of the label on that side, which lies to
    # the left; and the middle of a square that is passed between
    after: NDArray[np.int32],
    middle: NDArray[np.int32],
    around: NDArray[np.int32],  # written: the four points around each middle, -1 where there are three
) -> int:
    """
    Join the points where borders cross the grid into borders, square by square (marching squares of many labels).

    A point lies between a node and the next one on the right, or above, and has a side 0 (left or below) and a side 1.
    Returns how many middles of squares borders pass through.
    """
    rows, columns = labels.shape
    middles = 0
    corner, edge = empty_int32(np.int64(4)), empty_int32(np.int64(4))
    for row in range(rows - 1):
        for column in range(columns - 1):
            edge[0], edge[1] = east[row, column], north[row, column + 1]
            edge[2], edge[3] = east[row + 1, column], north[row, column]
            crossed = 0
            for q in range(4):
                crossed += edge[q] >= 0
            if crossed == 0:
                continue
            corner[0], corner[1] = labels[row, column], labels[row, column + 1]
            corner[2], corner[3] = labels[row + 1, column + 1], labels[row + 1, column]
            joined = -1
            if crossed == 4:
                even, odd = corner[0] == corner[2], corner[1] == corner[3]
                # Of two labels that could be joined across the square the lower one is, but never what is not drawn.
                if even and (not odd or corner[1] < 0 or 0 <= corner[0] < corner[1]):
                    joined = 0
                elif odd:
                    joined = 1
            if joined >= 0:
                for q in (joined + 1, (joined + 3) % 4):
                    before = (q + 3) % 4
                    after[2 * edge[q] + q // 2] = edge[before]
                    after[2 * edge[before] + before // 2] = edge[q]
                continue
            through = -1
            if crossed > 2:
                for q in range(4):
                    around[middles, q] = edge[q]
                through = middles
                middles += 1
            for q in range(4):
                if edge[q] >= 0:
                    before = (q + 3) % 4
                    while edge[before] < 0:
                        before = (before + 3) % 4
                    after[2 * edge[q] + q // 2] = edge[before]
                    middle[2 * edge[q] + q // 2] = through
    return middles


@inner  # pragma: no cover - compiled
def _push(areas: NDArray[np.float64], places: NDArray[np.int32], size: int, area: float, place: int) -> int:
    """Put a corner on a heap, the smallest first, of equal ones the first of its border; return how many it holds."""
    at = size
    while at > 0:
        above = (at - 1) // 2
        if areas[above] < area or (areas[above] == area and places[above] <= place):
            break
        areas[at], places[at] = areas[above], places[above]
        at = above
    areas[at], places[at] = area, place
    return size + 1


@inner  # pragma: no cover - compiled
def _drop_first(areas: NDArray[np.float64], places: NDArray[np.int32], size: int) -> int:
    """Take the first corner off a heap; return how many it holds."""
    last = size - 1
    area, place, at = areas[last], places[last], 0
    while 2 * at + 1 < last:
        below = 2 * at + 1
        if below + 1 < last and (
            areas[below + 1] < areas[below] or (areas[below + 1] == areas[below] and places[below + 1] < places[below])
        ):
            below += 1
        if area < areas[below] or (area == areas[below] and place <= places[below]):
            break
        areas[at], places[at] = areas[below], places[below]
        at = below
    areas[at], places[at] = area, place
    return last


@inner  # pragma: no cover - compiled
def _turn(xy: NDArray[np.float64], one: int, two: int, three: int) -> float:
    """Twice the area of a corner, above 0 where it turns to the left."""
    return float(
        (xy[two, 0] - xy[one, 0]) * (xy[three, 1] - xy[one, 1])
        - (xy[three, 0] - xy[one, 0]) * (xy[two, 1] - xy[one, 1])
    )


@inner  # pragma: no cover - compiled
def _is_free(  # noqa: PLR0913, PLR0917 - a kernel
    xy: NDArray[np.float64],
    east: NDArray[np.int32],
    north: NDArray[np.int32],
    middle: NDArray[np.int32],
    is_left_out: NDArray[np.uint8],
    one: int,
    two: int,
    three: int,
) -> bool:
    """Tell whether no other point that is drawn lies in a corner, or on its edge."""
    n = is_left_out.shape[0]
    west, right = min(xy[one, 0], xy[two, 0], xy[three, 0]), max(xy[one, 0], xy[two, 0], xy[three, 0])
    south, top = min(xy[one, 1], xy[two, 1], xy[three, 1]), max(xy[one, 1], xy[two, 1], xy[three, 1])
    turn = 1.0 if _turn(xy, one, two, three) > 0.0 else -1.0
    # Points lie on the ways between nodes around it, and middles in the squares beside their points.
    for row in range(max(math.floor(south) - 1, 0), min(math.floor(top) + 2, east.shape[0])):
        for column in range(max(math.floor(west) - 1, 0), min(math.floor(right) + 2, east.shape[1])):
            for number in range(6):
                point = east[row, column] if number < 3 else north[row, column]
                if point < 0:
                    continue
                other = np.int32(point)
                if number % 3 == 0:
                    if is_left_out[point] != 0:
                        continue
                else:
                    meeting = middle[2 * point + number % 3 - 1]
                    if meeting < 0:
                        continue
                    other = np.int32(n + meeting)
                x, y = xy[other, 0], xy[other, 1]
                if x < west or x > right or y < south or y > top:
                    continue
                if min(abs(other - one), abs(other - two), abs(other - three)) == 0:
                    continue
                if (
                    turn * _turn(xy, one, two, other) >= 0.0
                    and turn * _turn(xy, two, three, other) >= 0.0
                    and turn * _turn(xy, three, one, other) >= 0.0
                ):
                    return False
    return True


@outer  # pragma: no cover - compiled
def leave_out_corners(  # noqa: PLR0913, PLR0917 - a kernel
    xy: NDArray[np.float64],  # of points, then of middles, in cells; what follows is as `join` leaves it
    east: NDArray[np.int32],
    north: NDArray[np.int32],
    after: NDArray[np.int32],
    middle: NDArray[np.int32],
    most: float,  # corners up to this area go, in squared cells
    is_left_out: NDArray[np.uint8],  # all 0; written: 1 for points that go
) -> None:
    """
    Leave out points of borders whose corners hardly matter, the smallest first (Visvalingam and Whyatt 1993).

    A border is thinned once for both its sides, so that neighbours still share it. No point goes whose corner holds
    another point, so that no border crosses itself or another one; middles stay, with a point between any two.
    """
    n = is_left_out.shape[0]
    is_seen = zeros_uint8(np.int64(n))
    # The points of one border, those before and after each that are left, and a heap of its corners.
    line, before, behind = empty_int32(np.int64(n + 2)), empty_int32(np.int64(n + 2)), empty_int32(np.int64(n + 2))
    known, areas, places = (
        empty_float64(np.int64(n + 2)),
        empty_float64(np.int64(3 * n + 6)),
        empty_int32(np.int64(3 * n + 6)),
    )
    for start in range(n):
        if is_seen[start] != 0:
            continue
        # Back to the middle where the border begins, or once around; then along it.
        begin, come_from, follower, length, is_ring = start, -1, -1, 0, False
        for is_last in range(2):
            point = begin
            if is_last and not is_ring:
                line[0], length = come_from, 1
            while True:
                if is_last:
                    line[length], is_seen[point] = point, 1
                    length += 1
                # It goes on by the side by which it has not come.
                for side in range(2):
                    meeting = middle[2 * point + side]
                    follower = int(n + meeting if meeting >= 0 else after[2 * point + side])
                    if follower != come_from:
                        break
                if follower >= n or follower == begin:
                    break
                come_from, point = point, follower
            if not is_last:
                is_ring = follower < n
                come_from = -1 if is_ring else follower
                begin = begin if is_ring else point
        end = length
        least = 3
        if not is_ring:
            line[length] = follower
            end = length + 1
            least = 4 if line[0] == follower else 3
        left, size = end, 0
        for place in range(end):
            before[place], behind[place] = place - 1, place + 1
        if is_ring:
            before[0], behind[end - 1] = end - 1, 0
        for place in range(0 if is_ring else 1, end if is_ring else end - 1):
            known[place] = abs(_turn(xy, line[before[place]], line[place], line[behind[place]])) / 2.0
            if known[place] <= most:
                size = _push(areas, places, np.int64(size), known[place], np.int64(place))
        while size > 0 and left > least:
            area, place = areas[0], int(places[0])
            size = _drop_first(areas, places, np.int64(size))
            # Of a corner whose neighbours went, a later entry tells.
            if area != known[place] or is_left_out[line[place]] != 0:
                continue
            low, high = int(before[place]), int(behind[place])
            corner = int(line[low]), int(line[place]), int(line[high])
            if not _is_free(xy, east, north, middle, is_left_out, corner[0], corner[1], corner[2]):
                continue
            is_left_out[corner[1]] = 1
            behind[low], before[high] = high, low
            left -= 1
            for number in range(2):
                other = high if number else low
                if line[other] >= n or (not is_ring and (other == 0 or other == end - 1)):
                    continue
                known[other] = abs(_turn(xy, line[before[other]], line[other], line[behind[other]])) / 2.0
                if known[other] <= most:
                    size = _push(areas, places, np.int64(size), known[other], np.int64(other))


@outer  # pragma: no cover - compiled
def follow(
    after: NDArray[np.int32], middle: NDArray[np.int32], side_label: NDArray[np.int32], is_left_out: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """
    Follow borders, as `join` and `leave_out_corners` leave them, round into rings; `side_label` is by 2 x point + side.

    Returns the points of the rings one after the other, middles counted on from the number of points; the ring of each
    of these; and by 2 x point + side the ring that it is on, -1 for ground that is not drawn.
    """
    sides = after.shape[0]
    ring_of = nones_int32(sides)
    points, rings = empty_int32(2 * sides), empty_int32(2 * sides)
    size, ring = 0, 0
    for start in range(sides):
        if ring_of[start] >= 0 or side_label[start] < 0:
            continue
        side = start
        while ring_of[side] < 0:
            ring_of[side] = ring
            if is_left_out[side // 2] == 0:
                points[size], rings[size] = side // 2, ring
                size += 1
            if middle[side] >= 0:
                points[size], rings[size] = sides // 2 + middle[side], ring
                size += 1
            follower = 2 * after[side]
            side = follower if side_label[follower] == side_label[side] else follower + 1
        ring += 1
    return points[:size], rings[:size], ring_of
