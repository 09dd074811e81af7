"""Counters, gauges and histograms that cost a few hundred nanoseconds on the hot path.

Bound children of prometheus_client take a lock at each step and walk the buckets in Python; these are for one
thread, the loop's, and their values are put into prometheus_client's families only when somebody scrapes.
What is counted in other threads is given as a function (``follow``) and read at the scrape.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from prometheus_client import Metric
from prometheus_client.registry import Collector

PREFIX = "portvakt_"
OTHER = "other"


class UnlistedLabelError(ValueError):
    """A label value that is not listed, for a label that has no ``other``."""


class Number:
    """One series that is one number."""

    __slots__ = ("_source", "value")

    def __init__(self) -> None:
        """Start at 0, so that ``increase()`` sees the first event."""
        self.value = 0.0
        self._source: Callable[[], float] | None = None

    def inc(self, amount: float = 1) -> None:
        """Add to it; on the loop's thread only."""
        self.value += amount

    def follow(self, source: Callable[[], float]) -> None:
        """Take the value from ``source`` at each scrape from now on."""
        self._source = source

    def read(self) -> float:
        """Return the value as a scrape sees it."""
        return self.value if self._source is None else self._source()


class Count(Number):
    """A counter: only ever rises."""

    __slots__ = ()


class Level(Number):
    """A gauge: rises and falls."""

    __slots__ = ()

    def dec(self, amount: float = 1) -> None:
        """Subtract from it; on the loop's thread only."""
        self.value -= amount

    def set(self, value: float) -> None:
        """Replace it."""
        self.value = value


class Spread:
    """A histogram's series: how many observations fell into each bucket, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Count by ``bounds``, rising upper limits; what is above the last is counted too."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation, in seconds or bytes; on the loop's thread only."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self._counts)

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield (upper limit, observations up to it), as Prometheus wants them."""
        limits = [*(_limit(bound) for bound in self._bounds), "+Inf"]
        return zip(limits, itertools.accumulate(self._counts), strict=True)

    @property
    def sum(self) -> float:
        """The sum of all observations."""
        return self._sum


def _limit(bound: float) -> str:
    return str(float(bound))


Instrument = TypeVar("Instrument", Count, Level, Spread)
Labels = Mapping[str, tuple[str, ...]]
NO_LABELS: Labels = {}


class Family(Generic[Instrument]):
    """A metric with labels: every combination of the listed values is there from the start, others after ``add``."""

    __slots__ = ("_children", "_labels", "_listed", "_make", "help", "kind", "name")

    def __init__(
        self,
        name: str,
        kind: str,
        help_text: str,
        labels: Labels,
        make: Callable[[], Instrument],
        exists: Callable[[tuple[str, ...]], bool] = lambda _: True,
    ) -> None:
        """Make all series of ``PREFIX + name``; ``labels`` lists the values of each label.

        ``exists`` tells which combinations of them can ever occur.
        """
        self.name = PREFIX + name
        self.kind = kind
        self.help = help_text
        self._labels = tuple(labels)
        self._listed = tuple(frozenset(values) for values in labels.values())
        self._make: Callable[[], Instrument] = make
        self._children: dict[tuple[str, ...], Instrument] = {
            combination: make() for combination in itertools.product(*labels.values()) if exists(combination)
        }

    def add(self, label: str, value: str) -> None:
        """List one more value of a label, its series at 0; harmless when it is listed already."""
        place = self._labels.index(label)
        self._listed = tuple(
            listed | {value} if place == position else listed for position, listed in enumerate(self._listed)
        )
        wanted = [(value,) if place == position else sorted(listed) for position, listed in enumerate(self._listed)]
        for combination in itertools.product(*wanted):
            self._children.setdefault(combination, self._make())

    def of(self, *values: str) -> Instrument:
        """Return the series of these label values; one that is not listed becomes ``other``.

        Raises UnlistedLabelError where the label has no ``other``: bind those when the daemon starts.
        """
        known = self._children.get(values)
        return known if known is not None else self._children[self._nearest(values)]

    def series(self) -> Iterator[tuple[dict[str, str], Instrument]]:
        """Yield every series with its labels."""
        for values, child in self._children.items():
            yield dict(zip(self._labels, values, strict=True)), child

    def _nearest(self, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._listed_or_other(value, listed) for value, listed in zip(values, self._listed, strict=True))

    def _listed_or_other(self, value: str, listed: frozenset[str]) -> str:
        if value in listed:
            return value
        if OTHER in listed:
            return OTHER
        raise UnlistedLabelError(f"a label value of {self.name} is not listed")


class Families(Collector):
    """What a registry asks at a scrape."""

    def __init__(self) -> None:
        """Start with no family."""
        self._families: list[Family[Count] | Family[Level] | Family[Spread]] = []

    def counts(
        self,
        name: str,
        means: str,
        labels: Labels = NO_LABELS,
        exists: Callable[[tuple[str, ...]], bool] = lambda _: True,
    ) -> Family[Count]:
        """Add counters, and return them."""
        return self._add(Family(name, "counter", means, labels, Count, exists))

    def levels(self, name: str, means: str, labels: Labels = NO_LABELS) -> Family[Level]:
        """Add gauges, and return them."""
        return self._add(Family(name, "gauge", means, labels, Level))

    def spreads(
        self,
        name: str,
        means: str,
        labels: Labels,
        bounds: Sequence[float],
        exists: Callable[[tuple[str, ...]], bool] = lambda _: True,
    ) -> Family[Spread]:
        """Add histograms over these bounds, and return them."""
        return self._add(Family(name, "histogram", means, labels, lambda: Spread(bounds), exists))

    def _add(self, family: Family[Instrument]) -> Family[Instrument]:
        self._families.append(family)
        return family

    def collect(self) -> Iterable[Metric]:
        """Yield every family with all its series."""
        return (_exposed(family) for family in self._families)


def _exposed(family: Family[Count] | Family[Level] | Family[Spread]) -> Metric:
    metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
    for labels, child in family.series():
        match child:
            case Count() | Level():
                metric.add_sample(family.name, labels, child.read())
            case Spread():
                for limit, count in child.cumulative():
                    metric.add_sample(family.name + "_bucket", {**labels, "le": limit}, count)
                metric.add_sample(family.name + "_count", labels, child.count)
                metric.add_sample(family.name + "_sum", labels, child.sum)
    return metric
