"""One 98 of two: what the library system can do and what the gateway can do, merged truthfully."""

from __future__ import annotations

from protocols.sip2 import NO, AcsStatus, SupportedMessages, changed, yes, yes_or_no

OF_THE_CONNECTION = frozenset({"93", "97", "99"})
"""Requests that this door answers whatever stands behind it."""

OF_THE_REGISTER = frozenset({"23", "63", "25", "01", "35"})
"""Requests that the register answers for national cards without any library system."""

_NOT_ON_LINE = "000"
"""The timeout period of a system that is not on-line."""

PRESUMED = AcsStatus(
    online_status="Y",
    checkin_ok="Y",
    checkout_ok="Y",
    acs_renewal_policy="Y",
    status_update_ok="Y",
    offline_ok="N",
    timeout_period="999",
    retries_allowed="999",
    date_time_sync="0" * 18,
    protocol_version="2.00",
    institution_id="",
    supported_messages="Y" * 16,
)
"""Stands for the 98 of a library system that sends none: it lends, or kiosks would stop for good."""


def merged_status(
    own: AcsStatus,
    ils: AcsStatus | None,
    *,
    serves_register: bool = True,
    serves_guests: bool = True,
    off_line: bool = False,
) -> AcsStatus:
    """Return the kiosk's 98 from our ``own`` and the library system's last one, ``None`` before it sent any.

    ``serves_register``: the register answers here, so that national cards are known without the library system.
    ``serves_guests``: stored off-line loans are not welcome, for a guest's is refused. ``off_line``: say that nothing
    works now, as some kiosks want it while the library system is down.

    Institution, clock, timeout, retries and version are ours: they belong to this connection.
    """
    circulates = ils is not None and yes(ils.online_status)
    return changed(
        own,
        online_status=yes_or_no(yes(own.online_status) and not off_line),
        timeout_period=_NOT_ON_LINE if off_line else own.timeout_period,
        checkin_ok=_flag(ils, "checkin_ok", circulates=circulates),
        checkout_ok=_flag(ils, "checkout_ok", circulates=circulates),
        acs_renewal_policy=_flag(ils, "acs_renewal_policy", circulates=circulates),
        status_update_ok=_flag(ils, "status_update_ok", circulates=circulates),
        offline_ok=NO if serves_guests else _flag(ils, "offline_ok", circulates=circulates),
        supported_messages=_supported(ils, serves_register=serves_register),
        library_name=own.library_name or (ils.library_name if ils else None),
        terminal_location=own.terminal_location or (ils.terminal_location if ils else None),
        screen_messages=own.screen_messages + (ils.screen_messages if ils else ()),
        print_lines=own.print_lines + (ils.print_lines if ils else ()),
    )


def _flag(ils: AcsStatus | None, name: str, *, circulates: bool) -> str:
    return yes_or_no(circulates and yes(getattr(ils, name)))


def _supported(ils: AcsStatus | None, *, serves_register: bool) -> SupportedMessages:
    own = OF_THE_CONNECTION | (OF_THE_REGISTER if serves_register else frozenset())
    # A short BX says no to the rest, and none at all stands for version 1.00.
    theirs = SupportedMessages(ils.supported_messages).numbers if ils else frozenset()
    return SupportedMessages.of(own | theirs)
