"""Plays the scenario with the client of Python's `websockets`.

Reads JSON from standard input, `{"url", "certificate", "cases"}`, and writes the traces by case as JSON.
"""

import asyncio
import hashlib
import json
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PATIENCE = 10


def bytes_of(payload):
    if "parts" in payload:
        return b"".join(map(bytes_of, payload["parts"]))
    if "text" in payload:
        return payload["text"].encode()
    if "hex" in payload:
        return bytes.fromhex(payload["hex"])
    size, seed = payload["size"], payload["seed"]
    if payload["kind"] == "text":
        return bytes(97 + (i * 7 + (i >> 8) + seed) % 26 for i in range(size))
    return bytes((i * 31 + (i >> 8) + seed) & 255 for i in range(size))


def message(data):
    kind, content = ("text", data.encode()) if isinstance(data, str) else ("binary", data)
    return f"{kind}:{len(content)}:{hashlib.sha1(content).hexdigest()}"


def typed(payload, kind):
    data = bytes_of(payload)
    return data.decode() if kind == "text" else data


async def see(ws, step, pongs):
    if step["see"] == "pong":
        data, waiter = pongs.pop(0)
        await asyncio.wait_for(waiter, PATIENCE)
        return f"pong:{data.hex()}"
    try:
        return message(await asyncio.wait_for(ws.recv(), PATIENCE))
    except ConnectionClosed:
        await ws.wait_closed()
        return f"close:{ws.close_code}:{ws.close_reason}"
    except asyncio.TimeoutError:
        return "timeout"


async def act(ws, step, pongs):
    kind = step["do"]
    if kind == "send":
        await ws.send(typed(step["payload"], step["payload"]["kind"]))
    elif kind == "fragments":
        await ws.send([typed(part, step["payload"]["kind"]) for part in step["payload"]["parts"]])
    elif kind == "ping":
        data = bytes.fromhex(step["hex"])
        pongs.append((data, await ws.ping(data)))
    elif kind == "close":
        await ws.close(step["code"], step["reason"])
    elif kind == "terminate":
        ws.transport.abort()


async def play(url, case, context):
    trace = []
    try:
        ws = await connect(
            url + case["path"],
            subprotocols=case.get("protocols"),
            compression="deflate",
            max_size=None,
            ssl=context,
            proxy=None,
        )
    except InvalidStatus as err:
        return [f"refused:{err.response.status_code}"]
    pongs = []
    for step in case["steps"]:
        if "do" in step:
            await act(ws, step, pongs)
        elif step["see"] == "open":
            trace.append(f"open:{ws.subprotocol or ''}")
        else:
            trace.append(await see(ws, step, pongs))
            if trace[-1] == "timeout" or (trace[-1].startswith("close") and step["see"] != "close"):
                break
    return trace


async def main():
    task = json.load(sys.stdin)
    context = ssl.create_default_context(cafile=task["certificate"]) if task["url"].startswith("wss") else None
    traces = {}
    for case in task["cases"]:
        traces[case["name"]] = await play(task["url"], case, context)
        # A peer that hangs would do so in many cases: the rest stays without a trace.
        if "timeout" in traces[case["name"]]:
            break
    json.dump(traces, sys.stdout)


asyncio.run(main())
