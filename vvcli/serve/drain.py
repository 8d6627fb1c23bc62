"""The end of a server: those that play finish, nobody begins."""

from __future__ import annotations

import asyncio

from vvcli.serve.context import ServerContext

POLL = 0.05  # seconds


async def drain(context: ServerContext, hurry: asyncio.Event) -> None:
    """Let every conversation come to its end, for `limits.drain` seconds at most, or until `hurry`.

    Those that wait for a stream are refused at once, those that are left in the end cut off.
    """
    loop = asyncio.get_running_loop()
    context.is_draining = True
    deadline = loop.time() + context.limits.drain
    for conversation in [*context.conversations]:
        conversation.drain()
    while context.conversations and loop.time() < deadline and not hurry.is_set():
        await asyncio.sleep(POLL)
    for conversation in [*context.conversations]:
        conversation.abort()
