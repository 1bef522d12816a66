// A place in a room that outlives its connections: it comes back by itself,
// fetches what it missed, and says again what the server may not have heard.
// PROTOCOL.md has the messages. Nothing here touches the page.
//
//   joining ── welcome, history ──► in ── connection lost ──► lost
//      │                            ▲                          │ after a while
//      │ not let in                 └──── welcome, history ────┤
//      ▼                                                       │ not let in
//     out ◄────────────────── left, or moved ◄─────────────────┘

const mostWaiting = 50; // things said that the server has not answered
const patience = 15_000; // ms without an answer until a connection counts as dead

// Marks this page's messages: a ref comes back to everybody in the room.
const page = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
let refs = 0;

export class Place {
  state = "joining";
  people = new Set();
  count = 0;
  waiting = new Map(); // by ref: what was said and has not come back
  #tell;
  #socket;
  #last; // id of the newest message seen
  #asked = { people: [], rooms: [] }; // for each question under way: did the reader ask it?
  #attempts = 0;
  #tooLong = false; // the connection was lost because of it
  #timer;
  #watch;

  // tell(kind, detail) is called for everything that happens.
  constructor({ room, nick, session }, tell) {
    Object.assign(this, { room, nick, session });
    this.#tell = tell;
    this.connect();
  }

  connect(nick = this.nick) {
    clearTimeout(this.#timer);
    this.#drop();
    this.nick = nick;
    this.state = this.#last === undefined ? "joining" : "lost";
    const url = new URL("ws", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams({
      nick,
      room: this.room,
      ...(this.#last !== undefined && { since: this.#last }),
      ...(this.session && { session: this.session }),
    });
    const socket = (this.#socket = new WebSocket(url));
    this.#expectAnswer();
    const attempt = {}; // what the server answers to it
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data), attempt);
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#closed(event, attempt);
    });
  }

  // say returns false if too much is waiting already, or if a command cannot
  // be sent now.
  say(text) {
    if (/^\/(?!\/)/.test(text)) return this.ask(text, true);
    if (this.waiting.size >= mostWaiting) return false;
    const item = { ref: `${page}-${++refs}`, text, state: "queued" };
    this.waiting.set(item.ref, item);
    if (this.state === "in") this.#transmit(item);
    this.#tell("waiting");
    return true;
  }

  // ask sends a command. The answer to a question that the reader did not ask
  // is told as not loud.
  ask(command, loud = false) {
    if (this.state !== "in") return false;
    const kind = { "/who": "people", "/rooms": "rooms" }[command.trim()];
    if (!this.#send({ type: "message", text: command })) return false;
    if (kind) this.#asked[kind].push(loud);
    return true;
  }

  takeBack(item) {
    this.waiting.delete(item.ref);
    this.#tell("waiting");
  }

  retry() {
    if (this.state === "lost") this.connect();
  }

  leave() {
    clearTimeout(this.#timer);
    this.state = "out";
    this.#socket?.close(1000);
    this.#drop();
  }

  #receive(m, attempt) {
    this.#heard();
    switch (m.type) {
      case "welcome":
        this.#attempts = Math.min(this.#attempts, 1); // enough to wait a little if this one is cut at once too
        Object.assign(attempt, { welcome: m, left: m.history, missed: 0, back: this.#last !== undefined });
        Object.assign(this, { nick: m.nick, session: m.session, server: m.server, count: m.count, people: new Set(m.people) });
        this.#asked = { people: [], rooms: [] };
        this.#tell("welcome", { back: attempt.back, complete: m.resumed === true, history: m.history });
        if (m.history === 0) this.#caughtUp(attempt);
        break;
      case "message":
        this.#said(m, attempt);
        if (attempt.left > 0 && --attempt.left === 0) this.#caughtUp(attempt);
        break;
      case "presence":
        m.joined?.forEach((nick) => this.people.add(nick));
        m.left?.forEach((nick) => this.people.delete(nick));
        this.count = m.count ?? this.people.size;
        this.#tell("presence", m);
        break;
      case "nick":
        this.people.delete(m.from);
        this.people.add(m.nick);
        if (m.from === this.nick) this.nick = m.nick;
        this.#tell("nick", m);
        break;
      case "people":
        Object.assign(this, { count: m.count, people: new Set(m.people) });
        this.#tell("people", { ...m, loud: this.#asked.people.shift() });
        break;
      case "rooms":
        this.#tell("rooms", { ...m, loud: this.#asked.rooms.shift() });
        break;
      case "status":
        if (m.code === "attached") this.#sayAgain();
        this.#tell("status", m);
        break;
      case "error":
        this.#refused(m, attempt);
        break;
      case "help":
        this.#tell("help", m);
        break;
    }
  }

  #said(m, attempt) {
    if (m.id <= this.#last) return; // seen before the connection was lost
    this.#last = m.id;
    const own = this.waiting.delete(m.ref);
    if (attempt.left > 0 && !own) attempt.missed++;
    this.#tell("message", { ...m, own, past: attempt.left > 0 });
    if (own) this.#tell("waiting");
  }

  // #caughtUp is called when the history is here. What was under way and is not
  // in it is said again, unless the history has a gap: it may have been there.
  #caughtUp(attempt) {
    const { welcome, missed, back } = attempt;
    this.#last ??= welcome.last ?? 0;
    this.state = "in";
    for (const item of this.waiting.values()) {
      if (item.state === "failed") continue;
      if (item.state === "sent" && this.#tooLong) {
        this.#fail(item, "too_long"); // the server reads in order: it was the first of them
        this.#tooLong = false;
      } else if (item.state === "sent" && !welcome.resumed) this.#fail(item, "unknown");
      else this.#transmit(item);
    }
    this.#tooLong = false;
    this.#tell("in", { back, missed, complete: welcome.resumed === true });
    this.#tell("waiting");
  }

  #refused(m, attempt) {
    const item = this.waiting.get(m.ref);
    if (!attempt.welcome) {
      attempt.refusal = m; // a close frame follows
    } else if (item && m.code === "unavailable") {
      item.state = "held";
      setTimeout(() => this.#sayAgain(), 5000);
      this.#tell("waiting");
    } else {
      if (item) this.#fail(item, m.code);
      this.#tell(item ? "waiting" : "error", m);
    }
  }

  #fail(item, why) {
    Object.assign(item, { state: "failed", why });
  }

  #sayAgain() {
    if (this.state !== "in") return;
    for (const item of this.waiting.values()) if (item.state === "held") this.#transmit(item);
  }

  #transmit(item) {
    item.state = this.#send({ type: "message", text: item.text, ref: item.ref }) ? "sent" : "queued";
  }

  #send(m) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false; // about to be lost
    this.#socket.send(JSON.stringify(m));
    this.#expectAnswer();
    return true;
  }

  // #expectAnswer gives the connection up if nothing is heard for long: a browser
  // does not notice by itself that a cable was pulled.
  #expectAnswer() {
    this.#watch ??= setTimeout(() => {
      this.#closed({ code: 1006, reason: "" }, {});
    }, patience);
  }

  #heard() {
    clearTimeout(this.#watch);
    this.#watch = undefined;
  }

  #drop() {
    this.#heard();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #closed({ code, reason }, attempt) {
    this.#drop();
    const { refusal } = attempt;
    if (refusal?.code === "bad_since") this.#last = 0;
    if (code === 1009) this.#tooLong = true;
    if (code === 4000) this.#out({ code: "moved" });
    else if (refusal && refusal.code !== "bad_since") this.#out(refusal);
    else if (!this.session) this.#out({ code: "unreachable" }); // it has never been in
    else this.#lost({ code, reason });
  }

  #out(why) {
    this.state = "out";
    this.#tell("out", why);
  }

  // #lost waits longer each time, up to half a minute, with some chance in it,
  // so that not all pages come back in the same moment.
  #lost(why) {
    const wait = Math.min(30_000, 400 * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    const first = this.state === "in";
    this.state = "lost";
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#tell("lost", { ...why, first });
  }
}
