"""What is exported: every series from the start, none that is not listed, and counting that costs next to nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from gateway.handshakes import Handshake
from gateway.observability.instruments import Spread, UnlistedLabelError
from gateway.observability.logs import EventLog
from gateway.observability.metrics import OUTCOMES, SIP2_MESSAGES, Metrics
from gateway.observability.process import ProcCollector
from gateway.witness import MeteringWitness
from registry.domain.consent import Channel
from tests.observability.test_logs import logged


def made() -> Metrics:
    return Metrics(version="1.2.3", listeners=("sip2", "sip2-tls"))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def series(metrics: Metrics) -> set[str]:
    return {line.rpartition(" ")[0] for line in metrics.exposition().decode().splitlines() if not line.startswith("#")}


def test_every_combination_of_labels_is_there_at_zero() -> None:
    metrics = made()
    for message in (*SIP2_MESSAGES, "other"):
        for outcome in OUTCOMES:
            labels = {"protocol": "sip2", "message": message, "outcome": outcome}
            assert value(metrics, "portvakt_requests_total", **labels) == 0


def test_a_request_is_counted_and_timed_under_its_message() -> None:
    metrics = made()
    metrics.sip2("63").ok(0.004)
    metrics.sip2("63").answered("refused", 0.2)
    asked = {"protocol": "sip2", "message": "63"}
    assert value(metrics, "portvakt_requests_total", **asked, outcome="ok") == 1
    assert value(metrics, "portvakt_requests_total", **asked, outcome="refused") == 1
    assert value(metrics, "portvakt_request_duration_seconds_count", **asked) == 2
    assert value(metrics, "portvakt_request_duration_seconds_sum", **asked) == pytest.approx(0.204)
    assert value(metrics, "portvakt_request_duration_seconds_bucket", **asked, le="0.005") == 1
    assert value(metrics, "portvakt_request_duration_seconds_bucket", **asked, le="0.25") == 2
    assert value(metrics, "portvakt_request_duration_seconds_bucket", **asked, le="+Inf") == 2


@given(st.text(), st.text())
def test_no_text_makes_a_series_of_its_own(message: str, reason: str) -> None:
    metrics = made()
    before = series(metrics)
    metrics.sip2(message).ok(0.1)
    metrics.frame_errors.of("sip2", reason).inc()
    metrics.pin_verifications.of(reason).inc()
    assert series(metrics) == before


def test_what_is_not_listed_counts_as_other() -> None:
    metrics = made()
    metrics.sip2("42").ok(0.1)
    metrics.throttle.of("neighbourhood").inc()
    assert value(metrics, "portvakt_requests_total", protocol="sip2", message="other", outcome="ok") == 1
    assert value(metrics, "portvakt_throttle_total", scope="other") == 1


def test_a_listener_that_was_not_named_at_the_start_is_an_error() -> None:
    with pytest.raises(UnlistedLabelError):
        made().listener("unknown", encrypted=True)


def test_a_connection_is_open_until_it_is_closed() -> None:
    metrics = made()
    plain, encrypted = metrics.listener("sip2", encrypted=False), metrics.listener("sip2-tls", encrypted=True)
    plain.opened()
    plain.opened()
    encrypted.opened()
    plain.closed("idle")
    plain.rejected("cap")
    assert value(metrics, "portvakt_open_connections", listener="sip2") == 1
    assert value(metrics, "portvakt_connections_total", listener="sip2") == 2
    assert value(metrics, "portvakt_connections_closed_total", listener="sip2", reason="idle") == 1
    assert value(metrics, "portvakt_connections_rejected_total", listener="sip2", reason="cap") == 1
    assert value(metrics, "portvakt_plaintext_connections") == 1
    plain.closed("peer")
    encrypted.closed("peer")
    assert value(metrics, "portvakt_open_connections", listener="sip2-tls") == 0
    assert value(metrics, "portvakt_plaintext_connections") == 0


def test_a_handshake_is_counted_by_result_and_version() -> None:
    metrics = made()
    listener = metrics.listener("sip2-tls", encrypted=True)
    listener.handshake(Handshake("ok", "TLSv1.3", 0.01))
    listener.handshake(Handshake("failed", "none", 0.01))
    listener.certificate(1_900_000_000.0)
    handshakes = "portvakt_tls_handshakes_total"
    assert value(metrics, handshakes, listener="sip2-tls", result="ok", version="TLSv1.3") == 1
    assert value(metrics, handshakes, listener="sip2-tls", result="failed", version="none") == 1
    assert value(metrics, "portvakt_tls_handshake_duration_seconds_count", listener="sip2-tls") == 2
    not_after = "portvakt_tls_certificate_not_after_timestamp_seconds"
    assert value(metrics, not_after, listener="sip2-tls") == 1_900_000_000


def test_a_followed_value_is_read_at_the_scrape() -> None:
    metrics, waiting = made(), [1, 2, 3]
    metrics.threadpool_queue_length.of("pin").follow(lambda: len(waiting))
    waiting.append(4)
    assert value(metrics, "portvakt_threadpool_queue_length", pool="pin") == 4


def test_the_funnel_begins_with_rules_that_were_shown() -> None:
    metrics = made()

    def show(log: EventLog) -> None:
        witness = MeteringWitness(metrics, log)
        for channel in (Channel.KIOSK, Channel.PHONE, Channel.PHONE, Channel.DESK, Channel.ILS):
            witness.offered(channel)

    assert logged(show) == []
    assert value(metrics, "portvakt_offers_total", channel="kiosk") == 1
    assert value(metrics, "portvakt_offers_total", channel="phone") == 2
    assert {one for one in series(metrics) if "offers_total" in one} == {
        'portvakt_offers_total{channel="kiosk"}',
        'portvakt_offers_total{channel="phone"}',
    }


def test_two_daemons_in_one_process_count_apart() -> None:
    one, other = made(), made()
    one.pin_weak_refused.inc()
    assert (value(one, "portvakt_pin_weak_refused_total"), value(other, "portvakt_pin_weak_refused_total")) == (1, 0)


def test_the_build_is_told() -> None:
    assert 'portvakt_build_info{python="' in made().exposition().decode()
    assert 'version="1.2.3"} 1.0' in made().exposition().decode()


def test_no_series_tells_when_it_was_created() -> None:
    assert not [name for name in series(made()) if "_created" in name]


def test_the_number_of_series_stays_within_its_budget() -> None:
    assert len(series(made())) < 1200


def test_the_exposition_is_what_prometheus_reads() -> None:
    metrics = made()
    metrics.sip2("23").ok(3.0)
    families = {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}
    assert families["portvakt_requests"].type == "counter"
    assert families["portvakt_request_duration_seconds"].type == "histogram"
    assert families["portvakt_open_connections"].type == "gauge"


@given(st.lists(st.floats(0, 20), max_size=20))
def test_buckets_count_what_is_at_most_their_limit(values: list[float]) -> None:
    bounds = (0.5, 1.0, 10.0)
    spread = Spread(bounds)
    for each in values:
        spread.observe(each)
    expected = [sum(each <= bound for each in values) for bound in bounds]
    assert [count for _, count in spread.cumulative()] == [*expected, len(values)]
    assert spread.count == len(values)


PROCESS_METRICS = (
    *("process_virtual_memory_bytes", "process_resident_memory_bytes", "process_start_time_seconds"),
    *("process_cpu_seconds_total", "process_open_fds", "process_max_fds"),
)


def test_process_metrics_are_there_though_proc_stat_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to("/proc/self")
    registry = CollectorRegistry()
    ProcCollector(proc=str(tmp_path), registry=registry)
    assert [name for name in PROCESS_METRICS if registry.get_sample_value(name) is None] == []
    started = registry.get_sample_value("process_start_time_seconds")
    assert started is not None
    assert abs(started - time.time()) < 3600


@pytest.mark.parametrize("name", PROCESS_METRICS)
def test_process_metrics_are_exported(name: str) -> None:
    assert value(made(), name) is not None
