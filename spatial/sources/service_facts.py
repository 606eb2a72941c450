"""What a level, opening hours and a second source say of the service that a facility offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatial.sources.services import Vocabulary

__all__ = ["groups_of", "joint_service", "service_by_day", "service_of_level"]


def service_of_level(level: str, vocabulary: Vocabulary) -> str | None:
    """
    Find the service that a level makes a facility.

    Returns None where no service names the level.
    """
    return next((item.id for item in vocabulary.services if level in item.levels), None)


def joint_service(one: str, two: str, vocabulary: Vocabulary) -> str | None:
    """
    Find the service of a facility that is said to offer two.

    Returns the more particular of the two; else the first that counts for both; None where the two contradict
    each other.

    Examples
    --------
    >>> from spatial.sources.services import load_services
    >>> joint_service("school", "primary_school", load_services())
    'primary_school'
    >>> joint_service("emergency_hospital", "district_hospital", load_services())
    'emergency_district_hospital'
    """
    first, second = vocabulary.satisfying(one), vocabulary.satisfying(two)
    if one in second:
        return one
    if two in first:
        return two
    return next((service for service in vocabulary.ids if service in first & second), None)


def service_by_day(service: str, vocabulary: Vocabulary) -> str:
    """Find the service that a facility offers if it closes at times."""
    item = vocabulary.get(service)
    if item is None or not item.round_the_clock:
        return service
    wider = (
        other.id for other in vocabulary.services if not other.round_the_clock and service in other.includes
    )
    return next(wider, service)


def groups_of(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Name the groups that a service is for."""
    item = vocabulary.get(service)
    return frozenset() if item is None else frozenset(item.for_groups)
