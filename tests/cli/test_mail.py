"""mail: what waits, and a trial of the way, at the command line."""

from __future__ import annotations

import mailbox
from pathlib import Path

from config.load import load_settings
from gateway.application import open_register
from gateway.clock import SystemClock
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.notice import NoticeKind
from tests.cli.commands import portvakt
from tests.gateway.post.servers import Mailbox, mail_server

TO = "drift@library.example"


async def test_what_waits_is_shown_without_an_address(config: Path) -> None:
    nothing = await portvakt("mail", "list", config=config)
    assert (nothing.exit_code, nothing.output) == (0, "no mail waits, and none has failed\n")
    async with (
        open_register(load_settings(config, {}), SystemClock(), command=True) as register,
        register.database.unit_of_work() as work,
    ):
        card = await work.cards.find(CardNumber("N001000001"))
        assert card is not None
        now = await work.deliveries.now()
        await work.notices.add(card.patron, LendingUnitId("NO-2030000"), NoticeKind.TAKEN_IN, now)
    shown = await portvakt("mail", "list", config=config)
    assert "NO-2030000  taken_in  waits after 0 tries" in shown.output
    assert "@" not in shown.output
    assert "N001" not in shown.output


async def test_an_approval_at_the_prompt_is_mailed(config: Path) -> None:
    await portvakt("guests", "approve", "N001000001", "--unit", "NO-2120100", config=config)
    shown = await portvakt("mail", "list", config=config)
    assert "NO-2120100  taken_in  waits" in shown.output


async def test_a_trial_goes_where_the_settings_say(config: Path) -> None:
    tried = await portvakt("mail", "try", TO, config=config)
    assert (tried.exit_code, tried.output) == (0, f"{config.parent / 'mail'} has taken it\n")
    (mail,) = mailbox.Maildir(config.parent / "mail")
    assert mail["To"] == TO


async def test_a_trial_tells_what_the_mail_server_said(config: Path) -> None:
    box = Mailbox(refusals={TO: "550 no"})
    async with mail_server(box) as port:
        text = config.read_text().replace(
            'transport = "maildir"', f'host = "127.0.0.1"\nport = {port}\nsecurity = "none"'
        )
        config.write_text(text)
        refused = await portvakt("mail", "try", TO, config=config)
        taken = await portvakt("mail", "try", "other@library.example", "--language", "en", config=config)
    gone = await portvakt("mail", "try", TO, config=config)
    assert (refused.exit_code, "127.0.0.1" in refused.output, "recipient refused" in refused.output) == (1, True, True)
    assert (taken.exit_code, box.messages[0]["Subject"]) == (0, "Trial")
    assert (gone.exit_code, "unreachable" in gone.output) == (1, True)


async def test_a_trial_to_nowhere_is_wrong_usage_and_without_mail_not_done(config: Path) -> None:
    nowhere = await portvakt("mail", "try", "nobody", config=config)
    assert (nowhere.exit_code, "no address that mail can be sent to" in nowhere.output) == (2, True)
    text = config.read_text()
    begins, ends = text.index("[mail]"), text.index("[ncip]")
    config.write_text(text[:begins] + text[ends:])
    initiators = config.parent / "partners.d" / "initiators.toml"
    initiators.write_text(initiators.read_text().replace("activations_without_pin = 3", ""))
    none = await portvakt("mail", "try", TO, config=config)
    assert (none.exit_code, "no [mail] in the settings" in none.output) == (1, True)
