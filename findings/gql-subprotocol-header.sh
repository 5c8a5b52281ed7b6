#!/usr/bin/env bash
# gql 4.4.0 for Python finds the protocol of a WebSocket only if the server spells the header `Sec-WebSocket-Protocol` so.
#
# The guess: names of headers are alike in any case (RFC 9110, section 5.1), and both libraries below gql look them up so. What is seen: gql
# copies the headers into a plain dict. A server that answers with the same names in small letters, as hyper for Rust does by default, is
# taken for one that names no protocol, and spoken to in the old one:
#   Sec-WebSocket-Protocol    graphql-transport-ws
#   sec-websocket-protocol    graphql-ws
source "$(dirname "$0")/lib.sh"
python_with "gql[websockets]==4.4.0" <<'PYTHON'
import asyncio
import base64
import hashlib
import json

import gql
from gql.transport.websockets import WebsocketsTransport

assert gql.__version__ == "4.4.0", gql.__version__
ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def server(spelled):
    """A server of graphql-transport-ws that accepts a connection and says no more; `spelled` writes the names of its headers."""

    async def answer(reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if line)
        key = next(value for name, value in headers.items() if name.lower() == "sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1((key + ACCEPT).encode()).digest()).decode()
        lines = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accept,
            "Sec-WebSocket-Protocol": "graphql-transport-ws",
        }
        head = "".join(f"{spelled(name)}: {value}\r\n" for name, value in lines.items())
        message = json.dumps({"type": "connection_ack"}).encode()
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode() + bytes([0x81, len(message)]) + message)
        await closed(reader)
        writer.write(b"\x88\x00")
        writer.close()

    return answer


async def closed(reader):
    """Reads the client's frames, which are short and masked, to the one that closes."""
    opcode = None
    while opcode != 8:
        first, length = await reader.readexactly(2)
        await reader.readexactly(4 + (length & 0x7F))
        opcode = first & 0x0F


async def spoken(spelled):
    serving = await asyncio.start_server(server(spelled), "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    transport = WebsocketsTransport(url=f"ws://127.0.0.1:{port}/graphql", close_timeout=1)
    await transport.connect()
    protocol = transport.subprotocol
    await transport.close()
    serving.close()
    return protocol


for spelled, expected in [(str, "graphql-transport-ws"), (str.lower, "graphql-ws")]:
    protocol = asyncio.run(spoken(spelled))
    print(f"{spelled('Sec-WebSocket-Protocol'):25} {protocol}")
    assert protocol == expected, protocol
PYTHON
