"""The table: what mail to patrons says, in each language.

Plain text, no card number, no name: a mail is read by whoever has the mailbox. ``{library}`` and ``{date}`` are filled
in; ``{link}`` stands at the end of its line, so that nothing after it is taken for a part of the address.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.words.mail_keys import Mail
from gateway.words.sentences import Wording

# ruff: noqa: E501 - a sentence is not broken
MAILS: Mapping[Mail, Wording] = {
    Mail.TAKEN_IN_SUBJECT: Wording(
        nb="{library} har registrert deg som låner",
        nn="{library} har registrert deg som lånar",
        se="{library} lea registreren du luoikkaheaddjin",
        en="{library} has registered you as a borrower",
    ),
    Mail.TAKEN_IN: Wording(
        nb="{library} registrerte deg som låner {date}, med det nasjonale lånekortet ditt. Personalet har oppgitt at du godtok lånereglene. Biblioteket har fått opplysningene dine.",
        nn="{library} registrerte deg som lånar {date}, med det nasjonale lånekortet ditt. Personalet har oppgitt at du godtok lånereglane. Biblioteket har fått opplysningane dine.",
        se="{library} registrerii du luoikkaheaddjin {date}, du našunála girjerádjogoarttain. Bargit leat dieđihan ahte don dohkkehit luoikkahannjuolggadusaid. Girjerádju lea ožžon du dieđuid.",
        en="{library} registered you as a borrower on {date}, with your national library card. The staff have stated that you accepted the loan rules. The library has received your details.",
    ),
    Mail.NOT_ASKED_FOR: Wording(
        nb="Har du ikke bedt om dette? Si fra til biblioteket, og be om at det avsluttes.",
        nn="Har du ikkje bedt om dette? Sei frå til biblioteket, og be om at det blir avslutta.",
        se="Itgo leat bivdán dán? Dieđit girjerádjui, ja bivdde ahte dat loahpahuvvo.",
        en="Did you not ask for this? Tell the library, and ask that it be ended.",
    ),
    Mail.APPROVED_SUBJECT: Wording(
        nb="{library} har godkjent deg som låner",
        nn="{library} har godkjent deg som lånar",
        se="{library} lea dohkkehan du luoikkaheaddjin",
        en="{library} has approved you as a borrower",
    ),
    Mail.APPROVED: Wording(
        nb="{library} godkjente deg som låner {date}. Du kan låne der med det nasjonale lånekortet ditt.",
        nn="{library} godkjende deg som lånar {date}. Du kan låne der med det nasjonale lånekortet ditt.",
        se="{library} dohkkehii du luoikkaheaddjin {date}. Don sáhtát luoikkahit doppe du našunála girjerádjogoarttain.",
        en="{library} approved you as a borrower on {date}. You can borrow there with your national library card.",
    ),
    Mail.DENIED_SUBJECT: Wording(
        nb="{library} har ikke godkjent deg som låner",
        nn="{library} har ikkje godkjent deg som lånar",
        se="{library} ii leat dohkkehan du luoikkaheaddjin",
        en="{library} has not approved you as a borrower",
    ),
    Mail.DENIED: Wording(
        nb="{library} godkjente deg ikke som låner {date}. Biblioteket har ikke fått opplysningene dine. Spør biblioteket om du vil vite hvorfor.",
        nn="{library} godkjende deg ikkje som lånar {date}. Biblioteket har ikkje fått opplysningane dine. Spør biblioteket om du vil vite kvifor.",
        se="{library} ii dohkkehan du luoikkaheaddjin {date}. Girjerádju ii leat ožžon du dieđuid. Jeara girjerádjus jus háliidat diehtit manne.",
        en="{library} did not approve you as a borrower on {date}. The library has not received your details. Ask the library if you want to know why.",
    ),
    Mail.SEE: Wording(
        nb="Se bibliotekene dine, og hva du har godtatt: {link}",
        nn="Sjå biblioteka dine, og kva du har godteke: {link}",
        se="Geahča iežat girjerájuid, ja maid don leat dohkkehan: {link}",
        en="See your libraries, and what you have accepted: {link}",
    ),
    Mail.TRIAL_SUBJECT: Wording(
        nb="Prøve",
        nn="Prøve",
        se="Geahččaleapmi",
        en="Trial",
    ),
    Mail.TRIAL: Wording(
        nb="Dette er en prøve. Meldinger til lånere kommer frem denne veien.",
        nn="Dette er ei prøve. Meldingar til lånarar kjem fram denne vegen.",
        se="Dát lea geahččaleapmi. Dieđut luoikkaheddjiide bohtet dán geainnu.",
        en="This is a trial. Messages to patrons arrive this way.",
    ),
    Mail.FOOT: Wording(
        nb="Denne meldingen er sendt automatisk. Vi spør aldri om PIN-kode eller passord i e-post.",
        nn="Denne meldinga er send automatisk. Vi spør aldri om PIN-kode eller passord i e-post.",
        se="Dát diehtu lea sáddejuvvon automáhtalaččat. Mii eat goassige jeara PIN-koda dahje beassansáni e-poasttas.",
        en="This message was sent automatically. We never ask for a PIN or a password by e-mail.",
    ),
}
