"""The client gql against a running service: python client.py http://127.0.0.1:8080/graphql TOKEN

Over HTTP and over a WebSocket it reads, writes and is refused; over the socket it follows the register while it writes.
"""

import asyncio
import sys

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

url, token = sys.argv[1:]
authorization = {"Authorization": f"Bearer {token}"}


def http(**headers):
    return Client(transport=AIOHTTPTransport(url=url, headers=headers))


def socket(payload):
    return Client(transport=WebsocketsTransport(url=url.replace("http", "ws", 1), init_payload=payload))


def write(code):
    name = '[{ locale: EN, text: "Python" }]'
    return gql(f'mutation {{ createTheme(input: {{ code: "{code}", kind: SUBJECT, name: {name} }}) {{ change {{ cursor }} userErrors {{ code }} }} }}')


async def refused(session):
    try:
        await session.execute(gql("{ nothing }"))
    except TransportQueryError as error:
        assert error.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED", error.errors
    else:
        raise AssertionError("not refused")


async def reads_writes_and_is_refused(anonymous, secretariat, code):
    body = await anonymous.execute(gql('{ body(by: { code: "EC" }) { code } }'))
    assert body == {"body": {"code": "EC"}}, body
    await refused(anonymous)
    written = (await secretariat.execute(write(code)))["createTheme"]
    assert written["userErrors"] == [], written
    return written["change"]["cursor"]


async def main():
    async with http() as anonymous, http(**authorization) as secretariat:
        await reads_writes_and_is_refused(anonymous, secretariat, "PYTHON-HTTP")
    async with socket({}) as anonymous, socket(authorization) as secretariat:
        heads = anonymous.subscribe(gql("subscription { serviceStatus { head } }"))
        await anext(heads)
        cursor = await reads_writes_and_is_refused(anonymous, secretariat, "PYTHON-SOCKET")
        following = await anext(heads)
        assert following["serviceStatus"]["head"] == cursor, following
        await heads.aclose()


asyncio.run(main())
print("gql: reads, writes and is refused over HTTP and over a WebSocket, follows and leaves.")
