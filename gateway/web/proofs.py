"""What is made with the pages' key: proofs that a form is our own, and what stands for an address in the limits."""

from __future__ import annotations

import base64
import hmac
import ipaddress

from registry.credentials.keys import Key

_FORM, _ORIGIN = b"portvakt pages: form", b"portvakt pages: origin"
# A household or a phone has a whole /64 of IPv6 addresses, and so whoever has one has them all.
_IPV6_PREFIX = 64


class Proofs:
    """Makes and checks them; each kind has a domain of its own under the key."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def of_form(self, cookie: str, *purpose: str) -> str:
        """Return the proof for a form: bound to the cookie that will come with it, and to what it is for."""
        mac = self._key.mac(_FORM, cookie.encode(), *(part.encode() for part in purpose))
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def holds(self, proof: str, cookie: str, *purpose: str) -> bool:
        """Tell whether a form with this proof was made for this cookie and this purpose."""
        return hmac.compare_digest(proof.encode(), self.of_form(cookie, *purpose).encode())

    def of_origin(self, address: str) -> str:
        """Return what stands for the address that asks, where attempts are counted."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if parsed.version == 6:
            parsed = ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False).network_address
        return self._key.mac(_ORIGIN, parsed.packed).hex()[:24]
