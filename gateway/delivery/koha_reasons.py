"""What the reasons of a Koha carrier mean, for staff and operators; `docs/koha.md` has the same table."""

from __future__ import annotations

from collections.abc import Mapping

SAYS: Mapping[str, str] = {
    # The way there.
    "unreachable": "Koha's address does not answer; tried again by itself",
    "connect_timeout": "no connection within five seconds; tried again by itself",
    "untrusted": "Koha's certificate is not trusted, or TLS failed; tried again by itself",
    "no_time": "there was no time left to ask; tried again by itself",
    "no_answer": "asked, and no answer in time; looked up before anything is repeated",
    "cut_off": "the answer broke off; looked up before anything is repeated",
    "too_large": "the answer is longer than any patron; looked up before anything is repeated",
    "unreadable": "a success without a patron in it, such as a page for logging in; looked up first",
    "failed": "Koha or its web server failed; looked up first. Koha's own log tells more",
    "busy": "Koha asks for patience; tried again by itself",
    "maintenance": "Koha is under maintenance; tried again by itself",
    # For the whole library: nothing is brought until it is put right.
    "keys_off": "RESTOAuth2ClientCredentials is off in Koha",
    "key_refused": "Koha refuses the API key (or the account; or RESTBasicAuth is off)",
    "key_may_not": "the key's staff account lacks permissions for patrons",
    "no_koha_there": "there is no Koha at this address; it ends with /api/v1",
    "redirected": "the address leads elsewhere; it must be the final one",
    "mapping_unknown": "Koha does not know the branch or the patron category of the mapping",
    "attribute_unfit": "Koha demands a patron attribute that is not sent, or does not know the one that is",
    "field_unknown": "this version of Koha does not know a field that is sent; extended_attributes, most likely",
    # For staff, patron by patron.
    "several_found": "several patrons have this card number",
    "other_number": "Koha answered with a patron who has another number",
    "another_person": "the patron with this card number has another name or birth date, or no name",
    "resembles_another": "Koha has a patron of the same name and birth date, without this card",
    "number_taken": "the number belongs to a patron already; looked up first",
    "attribute_taken": "the attribute belongs to a patron already; looked up first",
    "protected_staff": "the patron is a superlibrarian, whom the key may not change",
    "form_refused": "Koha refuses the form of a value",
    "not_found": "Koha no longer has the patron",
    "gone": "Koha has nobody under the local id or the card any more",
    "no_name": "the register has no name",
    "refused": "Koha refused for a reason that is not known here",
}
"""Reason → a line for staff."""
