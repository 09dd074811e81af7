"""What every answer says to the browser: run nothing, fetch nothing from elsewhere, keep nothing, tell nobody."""

from __future__ import annotations

from collections.abc import Mapping

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NOT_NEEDED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "midi", "payment"),
    *("publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking"),
)

ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",  # a one-time code is in the path
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NOT_NEEDED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
ENCRYPTED: Mapping[str, str] = {"Strict-Transport-Security": "max-age=31536000"}
"""Beside those, where patrons come by HTTPS: never again without, for a year."""


def headers(*, encrypted: bool) -> Mapping[str, str]:
    """Return the headers of every answer."""
    return {**ALWAYS, **ENCRYPTED} if encrypted else ALWAYS
