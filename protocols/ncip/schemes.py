"""The vocabularies of NCIP: scheme URIs, the values that we send, and how values are compared.

A value and its scheme are compared without regard to case and padding, and nothing is refused because a scheme is
missing or unknown: many systems leave schemes out or misspell them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NAMESPACE: Final = "http://www.niso.org/2008/ncip"
VERSION_2_02: Final = "http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd"
VERSION_2_01: Final = "http://www.niso.org/schemas/ncip/v2_01/ncip_v2_01.xsd"
VERSION_2_0: Final = "http://www.niso.org/schemas/ncip/v2_0/ncip_v2_0.xsd"
VERSION_1_0: Final = "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd"
VERSIONS_ANSWERED: Final = (VERSION_2_02, VERSION_2_01, VERSION_2_0, VERSION_1_0)
"""What LookupVersion is answered with."""

# Narrower than RFC 3986, so that every validator agrees: no user, no brackets, no percent signs.
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,31}:"
    r"(?://[A-Za-z0-9.-]{1,128}(?::[0-9]{1,5})?(?=[/?]|\Z))?(?!//)"
    r"[A-Za-z0-9/._~?=&:@,;-]{0,512}"
)

_IMP1 = "http://www.niso.org/ncip/v1_0/imp1/schemes/"
_PLAIN = "http://www.niso.org/ncip/v1_0/schemes/"

AUTHENTICATION_INPUT_TYPE: Final = _IMP1 + "authenticationinputtype/authenticationinputtype.scm"
MEDIA_TYPES: Final = "http://www.iana.org/assignments/media-types"
USER_ELEMENT_TYPE: Final = _PLAIN + "userelementtype/userelementtype.scm"
USER_IDENTIFIER_TYPE: Final = _IMP1 + "visibleuseridentifiertype/visibleuseridentifiertype.scm"
AGENCY_ELEMENT_TYPE: Final = _PLAIN + "agencyelementtype/agencyelementtype.scm"
USER_ADDRESS_ROLE_TYPE: Final = "http://www.niso.org/ncip/v2_0/imp1/schemes/useraddressroletype/useraddressroletype.scm"
PHYSICAL_ADDRESS_TYPE: Final = _IMP1 + "physicaladdresstype/physicaladdresstype.scm"
ELECTRONIC_ADDRESS_TYPE: Final = "http://www.iana.org/assignments/uri-schemes"
USER_LANGUAGE: Final = "http://lcweb.loc.gov/standards/iso639-2/bibcodes.html"
BLOCK_OR_TRAP_TYPE: Final = _IMP1 + "blockortraptype/blockortraptype.scm"
MESSAGING_ERROR: Final = _PLAIN + "messagingerrortype/messagingerrortype.scm"

PROFILE: Final = "Portvakt 1.0"
"""Our application profile: how standing, home library and loan rules ride in UserPrivilege rows."""
NORWEGIAN_PROFILE: Final = "NNCIPP 1.0"
"""The Norwegian profile for loans between libraries."""


def processing_error(family: str) -> str:
    """The scheme of a service's own problem types, such as `lookupuser`."""
    return f"{_PLAIN}processingerrortype/{family}processingerror.scm"


def is_uri(scheme: str) -> bool:
    """Whether a scheme may be sent as one; what resembles no URI would make a message invalid."""
    return _URI.fullmatch(scheme) is not None


def folded(word: str) -> str:
    """A word as it is compared: no case, no padding, single blanks."""
    return " ".join(word.split()).casefold()


@dataclass(frozen=True, slots=True, repr=False)
class Coded:
    """A value out of a vocabulary, with the URI of the vocabulary where one was given."""

    value: str
    scheme: str | None = None

    def says(self, *words: str) -> bool:
        """Whether the value is one of these words, compared as NCIP's vocabularies are."""
        said = folded(self.value)
        return any(said == folded(word) for word in words)

    def __repr__(self) -> str:
        """The length alone: a value may name a person, or be a credential in the wrong place."""
        return f"<Coded:{len(self.value)}>"


BARCODE_ID: Final = Coded("Barcode Id", AUTHENTICATION_INPUT_TYPE)
PIN: Final = Coded("PIN", AUTHENTICATION_INPUT_TYPE)
PASSWORD: Final = Coded("Password", AUTHENTICATION_INPUT_TYPE)
PLAIN_TEXT: Final = Coded("text/plain", MEDIA_TYPES)
BARCODE: Final = Coded("Barcode", USER_IDENTIFIER_TYPE)
HOME: Final = Coded("Home", USER_ADDRESS_ROLE_TYPE)
NOTICE: Final = Coded("Notice", USER_ADDRESS_ROLE_TYPE)
POSTAL_ADDRESS: Final = Coded("Postal Address", PHYSICAL_ADDRESS_TYPE)
MAILTO: Final = Coded("mailto", ELECTRONIC_ADDRESS_TYPE)
TEL: Final = Coded("tel", ELECTRONIC_ADDRESS_TYPE)

# User elements that can be asked for.
NAME_INFORMATION: Final = Coded("Name Information", USER_ELEMENT_TYPE)
USER_ADDRESS_INFORMATION: Final = Coded("User Address Information", USER_ELEMENT_TYPE)
DATE_OF_BIRTH: Final = Coded("Date Of Birth", USER_ELEMENT_TYPE)
LANGUAGE: Final = Coded("User Language", USER_ELEMENT_TYPE)
USER_PRIVILEGE: Final = Coded("User Privilege", USER_ELEMENT_TYPE)
BLOCK_OR_TRAP: Final = Coded("Block Or Trap", USER_ELEMENT_TYPE)
USER_ID: Final = Coded("User Id", USER_ELEMENT_TYPE)

# The rows of our profile; local words, so no scheme.
STANDING: Final = Coded("Standing")
HOME_LIBRARY: Final = Coded("Home Library")
LOAN_RULES: Final = Coded("Loan Rules")

CARD_INPUT_TYPES: Final = ("Barcode Id", "User Id", "Username", "Barcode", "UserId")
"""Types of an AuthenticationInput that holds a card number, variants seen included."""
PIN_INPUT_TYPES: Final = ("PIN", "Password")
"""Types of an AuthenticationInput that holds a PIN or a password."""
