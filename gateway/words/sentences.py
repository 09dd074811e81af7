"""The table: what the patron reads in each situation, in each language.

Each sentence stands alone (many kiosks show only the last line), says what to do next, ends with a full stop and is
at most 80 characters long, with the widest numbers filled in. ``{seconds}`` and ``{minutes}`` are always two or more,
so that no language needs a singular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.words.keys import Screen
from gateway.words.languages import Language


@dataclass(frozen=True, slots=True)
class Wording:
    """One sentence in every language."""

    nb: str
    nn: str
    se: str
    en: str

    def in_language(self, language: Language) -> str:
        """The sentence in that language, its placeholders not yet filled."""
        match language:
            case Language.NB:
                return self.nb
            case Language.NN:
                return self.nn
            case Language.SE:
                return self.se
            case Language.EN:
                return self.en


# What a sentence must be given; a screen that is absent takes nothing.
NUMBERS: Mapping[Screen, str] = {
    Screen.TOO_MANY_TRIES_WAIT_SECONDS: "seconds",
    Screen.TOO_MANY_TRIES_WAIT: "minutes",
    Screen.BEING_SET_UP_MINUTES: "minutes",
}

SENTENCES: Mapping[Screen, Wording] = {
    Screen.WRONG_PIN: Wording(
        nb="Feil PIN-kode. Prøv igjen, eller spør personalet hvis du har glemt den.",
        nn="Feil PIN-kode. Prøv igjen, eller spør personalet om du har gløymt han.",
        se="PIN-koda lea boastut. Geahččal ođđasit dahje jeara bargiin.",
        en="Wrong PIN. Try again, or ask the staff if you have forgotten it.",
    ),
    Screen.PIN_NEEDED: Wording(
        nb="Du må taste PIN-koden for å bruke kortet. Prøv igjen.",
        nn="Du må taste PIN-koden for å bruke kortet. Prøv igjen.",
        se="PIN-koda dárbbašuvvo. Geahččal ođđasit.",
        en="You need to enter your PIN to use this card. Please try again.",
    ),
    Screen.TOO_MANY_TRIES_WAIT_SECONDS: Wording(
        nb="For mange forsøk med PIN-kode. Prøv igjen om {seconds} sekunder.",
        nn="For mange forsøk med PIN-kode. Prøv igjen om {seconds} sekund.",
        se="Menddo máŋga geahččaleami. Geahččal ođđasit {seconds} sekundda geahčen.",
        en="Too many tries with the PIN. Please try again in {seconds} seconds.",
    ),
    Screen.TOO_MANY_TRIES_WAIT: Wording(
        nb="For mange forsøk med PIN-kode. Prøv igjen om {minutes} minutter.",
        nn="For mange forsøk med PIN-kode. Prøv igjen om {minutes} minutt.",
        se="Menddo máŋga geahččaleami. Geahččal ođđasit {minutes} minuhta geahčen.",
        en="Too many tries with the PIN. Please try again in {minutes} minutes.",
    ),
    Screen.TOO_MANY_TRIES_STAFF: Wording(
        nb="PIN-koden er sperret etter for mange forsøk. Ta kontakt med personalet.",
        nn="PIN-koden er sperra etter for mange forsøk. Ta kontakt med personalet.",
        se="PIN-koda lea lássejuvvon. Jeara bargiin.",
        en="The PIN is locked after too many tries. Please see the staff.",
    ),
    Screen.CARD_LOST: Wording(
        nb="Kortet er meldt tapt og er sperret. Ta kontakt med personalet.",
        nn="Kortet er meldt tapt og er sperra. Ta kontakt med personalet.",
        se="Goarta lea dieđihuvvon láhppon ja lea lássejuvvon. Jeara bargiin.",
        en="This card is reported lost and is blocked. Please see the staff.",
    ),
    Screen.CARD_WITHDRAWN: Wording(
        nb="Kortet er trukket tilbake og kan ikke brukes. Ta kontakt med personalet.",
        nn="Kortet er trekt tilbake og kan ikkje brukast. Ta kontakt med personalet.",
        se="Goarta ii leat šat gustovaš. Jeara bargiin.",
        en="This card has been withdrawn and cannot be used. Please see the staff.",
    ),
    Screen.CARD_REPLACED: Wording(
        nb="Dette kortet er byttet ut. Bruk det nye kortet ditt.",
        nn="Dette kortet er bytt ut. Bruk det nye kortet ditt.",
        se="Dus lea ođđa goarta. Geavat ođđa goartta.",
        en="This card has been replaced. Please use your new card.",
    ),
    Screen.UNKNOWN_CARD: Wording(
        nb="Kortet er ukjent. Sjekk nummeret, eller spør personalet.",
        nn="Kortet er ukjent. Sjekk nummeret, eller spør personalet.",
        se="Goarta lea dovdameahttun. Dárkkis nummira dahje jeara bargiin.",
        en="This card is unknown. Check the number, or ask the staff.",
    ),
    Screen.USE_PASSWORD: Wording(
        nb="Du har valgt et passord. Bruk passordet i stedet for PIN-koden.",
        nn="Du har valt eit passord. Bruk passordet i staden for PIN-koden.",
        se="Dus lea beassansátni. Geavat beassansáni dáppe.",
        en="You have chosen a password. Please use it instead of the PIN.",
    ),
    Screen.LEVEL_TOO_LOW: Wording(
        nb="Du har valgt sikrere innlogging enn denne maskinen har. Spør personalet.",
        nn="Du har valt sikrare innlogging enn denne maskina har. Spør personalet.",
        se="Don fertet geavahit eará čálihuvvanvuogi. Jeara bargiin.",
        en="You have chosen a safer log-in than this machine has. Please ask the staff.",
    ),
    Screen.NATIONAL_CARD_NEEDED: Wording(
        nb="Denne tjenesten krever nasjonalt lånekort. Spør biblioteket ditt.",
        nn="Denne tenesta krev nasjonalt lånekort. Spør biblioteket ditt.",
        se="Dárbbašat našunála girjerádjogoartta. Jeara iežat girjerájus.",
        en="This service needs a national library card. Please ask your library.",
    ),
    Screen.RULES_FIRST: Wording(
        nb="Godta lånereglene her først. Spør personalet, eller se nettsiden vår.",
        nn="Godta lånereglane her først. Spør personalet, eller sjå nettsida vår.",
        se="Dohkket vuos luoikkahannjuolggadusaid. Jeara bargiin.",
        en="Accept the loan rules here first. Ask the staff, or see our web page.",
    ),
    Screen.ACCEPT_AT_KIOSK: Wording(
        nb="Legg en bok på maskinen, så kan du lese og godta lånereglene her.",
        nn="Legg ei bok på maskina, så kan du lese og godta lånereglane her.",
        se="Bija girjji mašiidnii ja dohkket luoikkahannjuolggadusaid dáppe.",
        en="Place a book on the machine to read and accept the loan rules here.",
    ),
    Screen.ACCEPT_ON_PHONE: Wording(
        nb="Godta lånereglene på mobilen: Se plakaten her, eller spør personalet.",
        nn="Godta lånereglane på mobilen: Sjå plakaten her, eller spør personalet.",
        se="Dohkket luoikkahannjuolggadusaid telefovnnain. Jeara bargiin.",
        en="Accept the loan rules on your phone: see the poster here, or ask the staff.",
    ),
    Screen.YES_ACCEPTS: Wording(
        nb="Svarer du ja, godtar du lånereglene her. Det koster ingenting.",
        nn="Svarer du ja, godtar du lånereglane her. Det kostar ingenting.",
        se="Jus vástidat jo, de dohkkehat luoikkahannjuolggadusaid. Ii mávsse maidege.",
        en="If you say yes, you accept the loan rules here. You pay nothing.",
    ),
    Screen.OFFER_AGAIN: Wording(
        nb="Det gikk for lang tid, eller reglene er nye. Legg boka på igjen.",
        nn="Det gjekk for lang tid, eller reglane er nye. Legg boka på igjen.",
        se="Bija girjji ođđasit ja loga luoikkahannjuolggadusaid.",
        en="That took too long, or the rules are new. Place the book again.",
    ),
    Screen.TRIAL_OVER: Wording(
        nb="Dette var en prøve: Ingenting er lånt, godtatt eller betalt.",
        nn="Dette var ei prøve: Ingenting er lånt, godteke eller betalt.",
        se="Dát lei geahččaleapmi. Ii mihkkige luoikkahuvvon iige máksojuvvon.",
        en="This was a trial. Nothing has been lent, accepted or paid.",
    ),
    Screen.ACTIVATE_FIRST: Wording(
        nb="Kortet må aktiveres her først. Gå til låneautomaten eller skranken.",
        nn="Kortet må aktiverast her først. Gå til låneautomaten eller skranken.",
        se="Aktivere vuos goartta luoikkahanautomáhtas dahje luoikkahandiskkas.",
        en="Your card must be activated here first, at the kiosk or at the desk.",
    ),
    Screen.ACTIVATE_AT_DESK: Wording(
        nb="Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg.",
        nn="Kortet må aktiverast her først. Gå til skranken, så hjelper vi deg.",
        se="Aktivere vuos goartta dáppe. Mana luoikkahandiskii, de mii veahkehit du.",
        en="Your card must be activated here first. Go to the desk, and we will help.",
    ),
    Screen.TOO_YOUNG: Wording(
        nb="Ta med en foresatt til skranken for å aktivere kortet her.",
        nn="Ta med ein føresett til skranken for å aktivere kortet her.",
        se="Mana váhnemiin luoikkahandiskii aktiveret goartta.",
        en="Bring a parent or guardian to the desk to activate your card here.",
    ),
    Screen.AWAITING_DESK: Wording(
        nb="Skranken venter på deg. Gå dit, så gjør vi aktiveringen ferdig.",
        nn="Skranken ventar på deg. Gå dit, så gjer vi aktiveringa ferdig.",
        se="Bargit vurdet du luoikkahandiskkas. Mana dohko.",
        en="The desk is waiting for you. Go there, and we will finish the activation.",
    ),
    Screen.BEING_SET_UP: Wording(
        nb="Kortet blir aktivert nå. Vent litt, og prøv igjen.",
        nn="Kortet blir aktivert no. Vent litt, og prøv igjen.",
        se="Goarta aktiverejuvvo dál. Vuordde veaháš ja geahččal ođđasit.",
        en="Your card is being set up. Wait a moment, and try again.",
    ),
    Screen.BEING_SET_UP_PLACE_AGAIN: Wording(
        nb="Kortet blir aktivert nå. Vent litt, og legg boka på igjen.",
        nn="Kortet blir aktivert no. Vent litt, og legg boka på igjen.",
        se="Goarta aktiverejuvvo dál. Vuordde veaháš ja bija girjji ođđasit.",
        en="Your card is being set up. Wait a moment, and place the book again.",
    ),
    Screen.BEING_SET_UP_MINUTES: Wording(
        nb="Kortet blir aktivert nå. Prøv igjen om {minutes} minutter.",
        nn="Kortet blir aktivert no. Prøv igjen om {minutes} minutt.",
        se="Goarta aktiverejuvvo dál. Geahččal ođđasit {minutes} minuhta geahčen.",
        en="Your card is being set up. Please try again in {minutes} minutes.",
    ),
    Screen.BEING_SET_UP_TOMORROW: Wording(
        nb="Kortet blir aktivert. Prøv igjen i morgen.",
        nn="Kortet blir aktivert. Prøv igjen i morgon.",
        se="Goarta aktiverejuvvo. Geahččal ođđasit ihttin.",
        en="Your card is being set up. Please try again tomorrow.",
    ),
    Screen.SEE_STAFF: Wording(
        nb="Vi må se på kortet ditt. Ta kontakt med personalet.",
        nn="Vi må sjå på kortet ditt. Ta kontakt med personalet.",
        se="Bargit fertejit dárkkistit du goartta. Jeara bargiin.",
        en="We need to look at your card. Please see the staff.",
    ),
    Screen.NOT_A_PATRON_HERE: Wording(
        nb="Du er ikke låner her ennå. Aktiver kortet først, eller spør personalet.",
        nn="Du er ikkje lånar her enno. Aktiver kortet først, eller spør personalet.",
        se="Don it leat vel luoikkaheaddji dáppe. Aktivere vuos goartta.",
        en="You are not a patron here yet. Activate your card first, or ask the staff.",
    ),
    Screen.OFFLINE_REFUSED: Wording(
        nb="Lånet kunne ikke registreres i ettertid. Ta kontakt med personalet.",
        nn="Lånet kunne ikkje registrerast i ettertid. Ta kontakt med personalet.",
        se="Luoikkaheapmi ii registrerejuvvon. Jeara bargiin.",
        en="The loan could not be registered afterwards. Please see the staff.",
    ),
    Screen.NO_LIBRARY_SYSTEM: Wording(
        nb="Lån er ikke mulig her: Maskinen mangler biblioteksystem. Gå til skranken.",
        nn="Lån er ikkje mogleg her: Maskina manglar biblioteksystem. Gå til skranken.",
        se="Dáppe ii leat vejolaš luoikkahit. Mana luoikkahandiskii.",
        en="Loans are not possible here: no library system is connected. See the desk.",
    ),
    Screen.BLOCK_IS_LOCAL: Wording(
        nb="Et nasjonalt kort kan ikke sperres herfra. Ta kontakt med personalet.",
        nn="Eit nasjonalt kort kan ikkje sperrast herifrå. Ta kontakt med personalet.",
        se="Našunála goartta ii sáhte lásset dáppe. Jeara bargiin.",
        en="A national card cannot be blocked from here. Please see the staff.",
    ),
    Screen.CANNOT_ENABLE: Wording(
        nb="Kortet kan ikke låses opp herfra. Ta kontakt med personalet.",
        nn="Kortet kan ikkje låsast opp herifrå. Ta kontakt med personalet.",
        se="Goartta ii sáhte rahpat dáppe. Jeara bargiin.",
        en="The card cannot be unlocked from here. Please see the staff.",
    ),
    Screen.PAYMENT_NOT_BOOKED: Wording(
        nb="Betalingen er ikke bokført. Ta vare på kvitteringen, og gå til skranken.",
        nn="Betalinga er ikkje bokført. Ta vare på kvitteringa, og gå til skranken.",
        se="Máksu ii registrerejuvvon. Jeara bargiin ovdal go vuolggát.",
        en="The payment is not booked. Keep the receipt, and go to the desk.",
    ),
    Screen.UNSUPPORTED: Wording(
        nb="Dette kan ikke gjøres på denne maskinen. Spør personalet.",
        nn="Dette kan ikkje gjerast på denne maskina. Spør personalet.",
        se="Dán ii sáhte dahkat dáinna mašiinnain. Jeara bargiin.",
        en="This cannot be done on this machine. Please ask the staff.",
    ),
    Screen.BAD_MESSAGE: Wording(
        nb="Forespørselen kunne ikke leses. Prøv igjen, eller spør personalet.",
        nn="Førespurnaden kunne ikkje lesast. Prøv igjen, eller spør personalet.",
        se="Bivdaga ii sáhttán lohkat. Geahččal ođđasit dahje jeara bargiin.",
        en="The request could not be read. Try again, or ask the staff.",
    ),
    Screen.NOT_LOGGED_IN: Wording(
        nb="Maskinen er ikke logget inn. Si fra til personalet.",
        nn="Maskina er ikkje logga inn. Sei frå til personalet.",
        se="Mašiidna ii leat čálihuvvan sisa. Dieđit bargiide.",
        en="This machine is not logged in. Please tell the staff.",
    ),
    Screen.LOGIN_REFUSED: Wording(
        nb="Maskinen fikk ikke logge inn. Si fra til personalet.",
        nn="Maskina fekk ikkje logge inn. Sei frå til personalet.",
        se="Mašiinna sisačálihuvvan ii lihkostuvvan. Dieđit bargiide.",
        en="This machine was not allowed to log in. Please tell the staff.",
    ),
    Screen.NO_AGREEMENT: Wording(
        nb="Nasjonale lånekort kan ikke brukes her nå. Spør personalet.",
        nn="Nasjonale lånekort kan ikkje brukast her no. Spør personalet.",
        se="Našunála girjerádjogoarttat eai doaimma dáppe dál. Jeara bargiin.",
        en="National library cards cannot be used here at present. Please ask the staff.",
    ),
    Screen.TRY_LATER: Wording(
        nb="Vi når ikke kortregisteret akkurat nå. Prøv igjen om litt.",
        nn="Vi når ikkje kortregisteret akkurat no. Prøv igjen om litt.",
        se="Goartaregisttar ii vástit juste dál. Geahččal ođđasit maŋŋel.",
        en="The card register cannot be reached right now. Please try again soon.",
    ),
    Screen.SYSTEM_DOWN: Wording(
        nb="Biblioteksystemet svarer ikke akkurat nå. Prøv igjen senere.",
        nn="Biblioteksystemet svarar ikkje akkurat no. Prøv igjen seinare.",
        se="Girjerádjovuogádat ii vástit juste dál. Geahččal ođđasit maŋŋel.",
        en="The library system is not answering right now. Please try again later.",
    ),
    Screen.UNCERTAIN: Wording(
        nb="Det er usikkert om dette ble registrert. Spør personalet før du går.",
        nn="Det er usikkert om dette vart registrert. Spør personalet før du går.",
        se="Eat dieđe, registrerejuvvuigo dát. Jeara bargiin ovdal go vuolggát.",
        en="It is uncertain whether this was registered. Ask the staff before you leave.",
    ),
}

# Said instead of the sentence above where the library's name is known and the whole still fits the line. The Sámi
# ones put the name first, so that it need not be inflected.
NAMED: Mapping[Screen, Wording] = {
    Screen.RULES_FIRST: Wording(
        nb="Godta lånereglene til {library} først. Spør personalet.",
        nn="Godta lånereglane til {library} først. Spør personalet.",
        se="{library}: Dohkket vuos luoikkahannjuolggadusaid.",
        en="Accept the loan rules of {library} first. Please ask the staff.",
    ),
    Screen.YES_ACCEPTS: Wording(
        nb="Med ja godtar du lånereglene til {library}. Det koster ingenting.",
        nn="Med ja godtar du lånereglane til {library}. Det kostar ingenting.",
        se="{library}: Jo mearkkaša ahte dohkkehat njuolggadusaid. Ii mávsse maidege.",
        en="Yes accepts the loan rules of {library}. You pay nothing.",
    ),
    Screen.ACTIVATE_AT_DESK: Wording(
        nb="Aktiver kortet ved {library} først. Gå til skranken.",
        nn="Aktiver kortet ved {library} først. Gå til skranken.",
        se="{library}: Aktivere vuos goartta luoikkahandiskkas.",
        en="Activate your card at {library} first. Please go to the desk.",
    ),
    Screen.NOT_A_PATRON_HERE: Wording(
        nb="Du er ikke låner ved {library} ennå. Aktiver kortet først.",
        nn="Du er ikkje lånar ved {library} enno. Aktiver kortet først.",
        se="{library}: Aktivere vuos goartta.",
        en="You are not a patron of {library} yet. Activate your card first.",
    ),
}

# Said instead where a link is known and the whole fits the line; blanks on both sides of it, for it is typed as it
# stands.
LINKED: Mapping[Screen, Wording] = {
    Screen.ACCEPT_ON_PHONE: Wording(
        nb="Godta lånereglene på {link} med mobilen.",
        nn="Godta lånereglane på {link} med mobilen.",
        se="Dohkket njuolggadusaid {link} siiddus telefovnnain.",
        en="Accept the loan rules at {link} on your phone.",
    ),
}
