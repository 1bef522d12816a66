# A chat client over python3-websockets: python3 client.py ws://HOST:PORT/ws
import asyncio
import json
import sys
from urllib.parse import urlencode

import websockets

base = sys.argv[1]


def join(**query):
    return websockets.connect(base + "?" + urlencode(query))


async def receive(socket):
    return json.loads(await socket.recv())


def say(text):
    return json.dumps({"type": "message", "text": text})


async def closed(socket):
    await asyncio.wait_for(socket.wait_closed(), 30)
    print("closed", socket.close_code)


async def main():
    ann = await join(nick="ann", room="茶馆")
    welcome = await receive(ann)
    print("welcome", welcome["nick"], "in", welcome["room"])
    await ann.send(say("你好 🙂"))
    said = await receive(ann)
    print("heard", said["text"])
    await (await ann.ping("are you there?"))
    print("pong are you there?")
    await ann.send(['{"type":"message",', '"text":"in two', ' fragments"}'])
    print("heard", (await receive(ann))["text"])
    await ann.close(1000)
    await closed(ann)

    again = await join(nick="ann", room="茶馆", since=said["id"], session=welcome["session"])
    back = await receive(again)
    print("resumed", str(back["resumed"]).lower(), "missed", back["history"])
    print("heard", (await receive(again))["text"])
    await again.send(b"\x01\x02\x03")
    await closed(again)

    long = await join(nick="ann")
    await receive(long)
    await long.send(say("x" * 5000))
    await closed(long)

    refused = await join(nick="a b")
    print("error", (await receive(refused))["code"])
    await closed(refused)


asyncio.run(main())
