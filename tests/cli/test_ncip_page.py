"""The profile page for vendors: every example on it runs as it stands, and is answered as the page says."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.gateway.worlds import demo, running
from tests.protocols.ncip.oracle import is_valid

PAGE = (Path(__file__).parents[2] / "docs" / "ncip.md").read_text("utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```\n\nAnswer: (.*?)\n\n", PAGE, re.DOTALL)


def test_every_example_tells_its_answer() -> None:
    assert len(EXAMPLES) == PAGE.count("```sh") >= 7


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_every_example_is_answered_as_the_page_says(tmp_path: Path) -> None:
    async with running(await demo(tmp_path / "world")) as served:
        _, port = served.daemon.addresses["ncip"]
        for command, told in EXAMPLES:
            answer = await ran(command.replace("127.0.0.1:6080", f"127.0.0.1:{port}"))
            assert is_valid(answer), command
            for text in re.findall(r"`([^`]+)`", told):
                assert text.encode() in answer, (command, answer)


async def ran(command: str) -> bytes:
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(20):
        answer, _ = await process.communicate()
    assert process.returncode == 0
    return answer
