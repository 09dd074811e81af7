"""What the pages for patrons say: one key for each text, and when it is read, in the order of a visit."""

from __future__ import annotations

from enum import Enum

from gateway.words.keys import Situation


class Text(Enum):
    """What a text on a page is for; the value says when it is read."""

    # Around every page.
    SERVICE = Situation("The name of the service, above every page.")
    SKIP = Situation("The link that leads past the head of a page, for keyboards and screen readers.")
    LANGUAGES = Situation("The name of the list of languages, for screen readers.")
    PROMISE = Situation("What the service promises, below every page.")
    PROBLEM = Situation("The heading over what must be corrected in a form.")
    PROBLEM_MARK = Situation("Stands before the title of a page with something to correct.")

    # The front page.
    FRONT_TITLE = Situation("The heading of the front page.")
    FRONT_WHAT = Situation("What the service is.")
    FRONT_HOW = Situation("How to get to the page of a library.")

    # Card and PIN.
    ENTRY_TITLE = Situation("The heading of a library's page.")
    ENTRY_WHAT = Situation("What happens on a library's page.")
    CODE_WHAT = Situation("What happens on the page that a kiosk's code leads to.")
    CARD = Situation("The field for the card's number.")
    CARD_HINT = Situation("What the card's number looks like.")
    PIN = Situation("The field for the PIN.")
    PIN_HINT = Situation("Which PIN is meant.")
    HAVE_PASSWORD = Situation("The link for those who have chosen a password, which counts instead of the PIN.")
    PASSWORD = Situation("The field for the password.")
    HAVE_PIN = Situation("The link from there back to the PIN.")
    ENTER = Situation("The button that sends card and PIN.")
    CARD_MISSING = Situation("The field for the card is empty.")
    CARD_MALFORMED = Situation("The card's number is not a national one.")
    PIN_MISSING = Situation("The field for the PIN is empty.")
    WRONG_CARD_OR_PIN = Situation("The card is unknown or the PIN is wrong; which, is not told.")
    WRONG_PIN = Situation("The PIN is wrong, on the page that asks for nothing else.")
    LEVEL_TOO_LOW = Situation("The patron demands a stronger log-in than the page has.")
    STALE_FORM = Situation("The form was too old, or the browser kept no cookie.")

    # The rules.
    HELLO = Situation("The greeting, where the given name may be told.")
    HELLO_YOU = Situation("The greeting without a name.")
    RULES_TITLE = Situation("The heading over the loan rules.")
    RULES_VERSION = Situation("Which version of the loan rules is shown.")
    RULES_OTHER_LANGUAGE = Situation("The loan rules do not exist in the language of the page.")
    RULES_CHANGED = Situation("New loan rules came into force while the patron was reading.")
    RULES_AGAIN = Situation("The rules were not shown, or too long ago.")
    ACCEPT_TELLS = Situation("What the library is told once the rules are accepted.")
    AGREE = Situation("The box to tick.")
    AGREE_MISSING = Situation("The box was not ticked.")
    ACCEPT = Situation("The button that accepts the rules.")
    RENEW_TELLS = Situation("Why a local patron is asked anew, and what the library is told then.")
    RENEW = Situation("The button that accepts the rules, for a local patron who is asked anew.")

    # How the patron stands.
    DONE_TITLE = Situation("The rules are accepted, and the patron can borrow.")
    DONE = Situation("What to do next, below DONE_TITLE.")
    LOCAL_TITLE = Situation("The patron was a local patron already.")
    LOCAL = Situation("What to do next, below LOCAL_TITLE.")
    SETUP_TITLE = Situation("The rules are accepted, and the library system is being told.")
    SETUP_KEPT = Situation("The answer is kept, whatever happens to the page.")
    AWAITING_TITLE = Situation("The desk knows that the patron is coming.")
    AWAITING_KEPT = Situation("For how long the desk knows it.")
    STAFF_TITLE = Situation("Staff must look at the patron's card.")
    DESK_TITLE = Situation("The library wants every new patron at the desk.")
    DESK = Situation("What to do next, below DESK_TITLE.")
    YOUNG_TITLE = Situation("The patron is too young to accept the rules alone.")
    YOUNG = Situation("What to do next, below YOUNG_TITLE.")
    DESK_TELLS = Situation("What the desk is told when the patron says that they are coming.")
    TELL_DESK = Situation("The button that tells the desk.")
    GUEST_TITLE = Situation("The patron is no patron here, and nothing is under way.")
    GUEST = Situation("What to do next, below GUEST_TITLE.")
    CLOSED_TITLE = Situation("The library takes no new patrons on this page.")
    CLOSED = Situation("What to do next, below CLOSED_TITLE.")
    BLOCKED_TITLE = Situation("The card cannot be used.")
    BLOCKED = Situation("What to do next, below BLOCKED_TITLE.")
    CODE_TITLE = Situation("The code in the address is unknown, used or too old.")
    CODE = Situation("What to do next, below CODE_TITLE.")
    EXPIRED_TITLE = Situation("Nobody is logged in: too long since the PIN, answered already, or the card is blocked.")
    EXPIRED = Situation("What to do next, below EXPIRED_TITLE; whether an answer was saved is not known here.")
    AGAIN = Situation("The link to the page where card and PIN are asked.")
    WITHDRAW_TELLS = Situation("What it means to withdraw.")
    WITHDRAW = Situation("The button that withdraws.")
    WITHDRAWN_TITLE = Situation("The patron has withdrawn.")
    WITHDRAWN = Situation("What it means, below WITHDRAWN_TITLE.")
    NOT_WITHDRAWN_TITLE = Situation("The patron wanted to withdraw, and it is too late.")
    NOT_WITHDRAWN = Situation("What to do next, below NOT_WITHDRAWN_TITLE.")
    LEAVE = Situation("The button that logs out.")
    LEFT_TITLE = Situation("The patron has logged out.")
    LEFT = Situation("What to do next, below LEFT_TITLE.")

    # My libraries.
    LIBRARIES = Situation("The link to the patron's libraries, and their heading.")
    LIBRARIES_NONE = Situation("There are none.")
    BACK = Situation("The link back to the library of this visit.")
    HOME = Situation("Stands beside the patron's home library.")
    STATE_LOCAL = Situation("How the patron stands at a library: local.")
    STATE_GUEST = Situation("How the patron stands at a library: a guest.")
    STATE_AWAITING = Situation("How the patron stands at a library: the desk is waiting.")
    STATE_SETUP = Situation("How the patron stands at a library: the library system is being told.")
    STATE_STAFF = Situation("How the patron stands at a library: staff must look.")
    STATE_ENDED = Situation("How the patron stands at a library: ended.")
    SINCE = Situation("Since when the patron stands so.")
    ACCEPTED = Situation("When and which loan rules the patron accepted.")
    BY_KIOSK = Situation("Where the rules were accepted: at a kiosk.")
    BY_PAGE = Situation("Where the rules were accepted: on these pages.")
    BY_DESK = Situation("Where the rules were accepted: at the desk.")
    BY_ILS = Situation("Where the rules were accepted: on the library's own pages.")
    SHOW = Situation("Opens the text that was accepted.")
    RULES_WAIT = Situation("Stands beside a library whose new rules the patron is asked to accept.")
    RULES_READ = Situation("The link from there to the rules.")
    ACCEPTED_NONE = Situation("No rules were accepted here: the patron was one before the national card.")

    # What cannot be done.
    NO_LIBRARY_TITLE = Situation("The address names no library that takes patrons here.")
    NO_LIBRARY = Situation("What to do next, below NO_LIBRARY_TITLE.")
    NOT_FOUND_TITLE = Situation("There is no such page.")
    NOT_FOUND = Situation("What to do next, below NOT_FOUND_TITLE.")
    BAD_TITLE = Situation("The request could not be understood.")
    BAD = Situation("What to do next, below BAD_TITLE.")
    FOREIGN_TITLE = Situation("A form was sent from another web site.")
    FOREIGN = Situation("What to do next, below FOREIGN_TITLE.")
    OUTAGE_TITLE = Situation("The register does not answer.")
    UNEXPECTED_TITLE = Situation("Something went wrong that nobody foresaw.")
    UNEXPECTED = Situation("What to do next, below UNEXPECTED_TITLE.")

    # The poster.
    POSTER_TITLE = Situation("The poster in the library: what it is for.")
    POSTER_HOW = Situation("The poster in the library: what to do.")
