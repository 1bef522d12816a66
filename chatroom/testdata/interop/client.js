// A chat client over ws from npm: node client.js ws://HOST:PORT/ws
const WebSocket = require("ws");

const [base] = process.argv.slice(2);

// join returns a connection whose next() is a promise of the next message.
function join(query) {
  const socket = new WebSocket(base + "?" + new URLSearchParams(query));
  const inbox = [], waiting = [];
  socket.on("message", (data) => {
    const m = JSON.parse(data);
    waiting.length ? waiting.shift()(m) : inbox.push(m);
  });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const next = () => new Promise((resolve) => (inbox.length ? resolve(inbox.shift()) : waiting.push(resolve)));
  const say = (text) => socket.send(JSON.stringify({ type: "message", text }));
  return { socket, next, say, closed };
}

async function main() {
  const ann = join({ nick: "ann", room: "茶馆" });
  const welcome = await ann.next();
  console.log("welcome", welcome.nick, "in", welcome.room);
  ann.say("你好 🙂");
  const said = await ann.next();
  console.log("heard", said.text);
  const pong = new Promise((resolve) => ann.socket.on("pong", resolve));
  ann.socket.ping("are you there?");
  console.log("pong", String(await pong));
  ann.socket.send('{"type":"message",', { fin: false });
  ann.socket.send('"text":"in two', { fin: false });
  ann.socket.send(' fragments"}', { fin: true });
  console.log("heard", (await ann.next()).text);
  ann.socket.close(1000);
  console.log("closed", await ann.closed);

  const again = join({ nick: "ann", room: "茶馆", since: said.id, session: welcome.session });
  const back = await again.next();
  console.log("resumed", back.resumed, "missed", back.history);
  console.log("heard", (await again.next()).text);
  again.socket.send(Buffer.from([1, 2, 3]));
  console.log("closed", await again.closed);

  const long = join({ nick: "ann" });
  await long.next();
  long.say("x".repeat(5000));
  console.log("closed", await long.closed);

  const refused = join({ nick: "a b" });
  console.log("error", (await refused.next()).code);
  console.log("closed", await refused.closed);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
