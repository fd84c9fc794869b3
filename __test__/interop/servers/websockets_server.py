"""The server of the scenario on Python's `websockets`.

Argument: a file with certificate and key (PEM) for TLS, or nothing. Writes lines of JSON: `{"ready": {"url", "secure"}}`,
and for each line on standard input `{"traces", "open"}`. Ends with standard input.
"""

import asyncio
import hashlib
import http
import json
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

PATHS = ["/echo", "/hello", "/close", "/terminate", "/ping", "/fragments", "/last", "/refuse"]

traces = {}
connections = set()


def binary(size, seed):
    return bytes((i * 31 + (i >> 8) + seed) & 255 for i in range(size))


def letters(size, seed):
    return bytes(97 + (i * 7 + (i >> 8) + seed) % 26 for i in range(size)).decode()


def message(data):
    kind, content = ("text", data.encode()) if isinstance(data, str) else ("binary", data)
    return f"{kind}:{len(content)}:{hashlib.sha1(content).hexdigest()}"


def refuse(connection, request):
    path = urlsplit(request.path).path
    if path == "/refuse" or path not in PATHS:
        status = http.HTTPStatus.FORBIDDEN if path == "/refuse" else http.HTTPStatus.BAD_REQUEST
        return Response(status.value, status.phrase, Headers([("Connection", "close"), ("Content-Length", "0")]), b"")
    return None


def choose(connection, offered):
    return "echo.v1" if "echo.v1" in offered else None


async def behave(ws, path, query):
    """What the server does on its own, by path."""
    if path == "/hello":
        await ws.send("welcome")
        await ws.send(binary(300, 1))
        await ws.send(letters(70_000, 1))
        await ws.close(1000, "bye")
    elif path == "/close":
        if "code" in query:
            await ws.close(int(query["code"][0]), query["reason"][0])
        else:
            ws.protocol.send_close()
            ws.send_data()
    elif path == "/ping":
        data = bytes.fromhex(query["hex"][0])
        await (await ws.ping(data))
        traces[query["case"][0]].append(f"pong:{data.hex()}")
        await ws.send(f"pong {data.hex()}")
        await ws.close(1000, "answered")
    elif path == "/fragments":
        await ws.send(["one ", "", "tw\u00f6 ", "three"])
        await ws.send([binary(70_000, 1), binary(1, 2), binary(0, 3), binary(126, 4)])
        await ws.close(1000)
    elif path == "/last":
        await ws.send(binary(int(query["size"][0]), 7))
        await ws.close(1001, "gone")


async def accept(ws):
    url = urlsplit(ws.request.path)
    query = parse_qs(url.query, keep_blank_values=True)
    trace = traces.setdefault(query["case"][0], [])
    connections.add(ws)
    own = asyncio.create_task(behave(ws, url.path, query))
    try:
        while True:
            data = await ws.recv()
            trace.append(message(data))
            if url.path == "/terminate":
                ws.transport.abort()
            elif url.path == "/echo":
                await ws.send(data)
    except ConnectionClosed:
        pass
    await own
    await ws.wait_closed()
    trace.append(f"close:{ws.close_code}:{ws.close_reason}")
    connections.discard(ws)


async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    options = {"compression": "deflate", "max_size": None, "select_subprotocol": choose, "process_request": refuse}
    async with serve(accept, "127.0.0.1", 0, ssl=context, **options) as server:
        port = server.sockets[0].getsockname()[1]
        scheme = "wss" if context else "ws"
        print(json.dumps({"ready": {"url": f"{scheme}://127.0.0.1:{port}", "secure": context is not None}}), flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            for _ in range(200):
                if not connections:
                    break
                await asyncio.sleep(0.05)
            print(json.dumps({"traces": traces, "open": len(connections)}), flush=True)


asyncio.run(main())
