"""What mail to patrons says: one key for each text, and when it is read."""

from __future__ import annotations

from enum import Enum

from gateway.words.keys import Situation


class Mail(Enum):
    """What a text in a mail is for; the value says when it is read."""

    TAKEN_IN_SUBJECT = Situation("A library has registered a patron without their PIN: the subject.")
    TAKEN_IN = Situation("The same: what has happened.")
    NOT_ASKED_FOR = Situation("The same: what to do where the patron never asked for it.")
    APPROVED_SUBJECT = Situation("The desk where a patron waited has approved: the subject.")
    APPROVED = Situation("The same: what the patron can do now.")
    DENIED_SUBJECT = Situation("The desk where a patron waited has not approved: the subject.")
    DENIED = Situation("The same: what the library has, and whom to ask.")
    SEE = Situation("Where the patron sees their libraries, and what they have accepted there.")
    TRIAL_SUBJECT = Situation("An operator tries the way to the mail server: the subject.")
    TRIAL = Situation("The same: what this is.")
    FOOT = Situation("Below every mail.")
