// The chat page: rooms, each a place on the server and a log on the page, one
// of them in sight. place.js speaks with the server; log.js, lists.js, join.js,
// write.js and panels.js are parts of the page; language.js has the texts.
import { asking, askToJoin, drawJoin, letIn, onJoin, roomName } from "./join.js";
import { explain, language, names, speak, t } from "./language.js";
import { inOrder, person, roomButton, short } from "./lists.js";
import { Log } from "./log.js";
import { $, fill, recall, remember, setText } from "./page.js";
import { closePanels } from "./panels.js";
import { Place } from "./place.js";
import { onWriting, toText, write, written } from "./write.js";

const mostRooms = 8; // each is a connection
const rooms = new Map(); // by name: { name, place, log, letIn, and trouble(), a text, while there is any }
let current; // the room in sight
let others = []; // rooms that the server told of

// ---- Rooms: entering, leaving, what happens in them ----

function enter(name, nick, session) {
  const room = { name, log: new Log("# " + name, () => room === current && seen()), letIn: false };
  rooms.set(name, room);
  $("newest").before(room.log.element);
  room.log.show(false);
  room.place = new Place({ room: name, nick, session }, (kind, detail) => {
    on[kind](room, detail);
    draw();
  });
  if (!current) show(room);
}

function leave(room) {
  room.place.leave();
  drop(room);
  if (rooms.size === 0) ask(room.name);
}

function drop(room) {
  rooms.delete(room.name);
  room.log.element.remove();
  if (room === current) {
    current = undefined;
    show([...rooms.values()].at(-1));
  }
  save();
}

function save() {
  remember("sessionStorage", "places", [...rooms.values()].filter(({ place }) => place.session).map(({ name, place }) =>
    ({ room: name, nick: place.nick, session: place.session, current: rooms.get(name) === current })));
}

const reasons = { shutdown: "lostShutdown", too_slow: "lostSlow", no_pong: "lostSilent", internal: "lostInternal" };

// on has what happens in a room, by the kind that its place tells.
const on = {
  welcome(room, { back, complete, history }) {
    room.log.busy = !back && history > 0;
    if (back && !complete) room.log.notice(() => t("gap"), "gap");
    if (letIn(room.name)) {
      show(room);
      toText();
    }
    room.letIn = true;
    remember("localStorage", "nick", room.place.nick);
    save();
  },

  in(room, { back, missed, complete }) {
    room.log.busy = false;
    room.trouble = undefined;
    if (back) room.log.notice(() => t(complete ? "back" : "backGap", missed), "back");
    askForRooms();
  },

  lost(room, { first, code, reason }) {
    const key = code === 1009 ? "lostLong" : reasons[reason.split(":")[0]] ?? "lost";
    room.trouble = () => t("trying", t(key));
    if (first) room.log.notice(() => t(key), "lost");
  },

  out(room, fault) {
    if (fault.code === "moved") {
      room.trouble = () => t("moved");
      room.log.notice(room.trouble, "lost");
      return;
    }
    room.trouble = () => explain(fault);
    if (!room.letIn) drop(room);
    ask(room.name, room.place.nick, fault);
  },

  message(room, m) {
    const unread = !inSight(room) && !m.own && !room.log.busy;
    room.log.message(m, m.own || m.from === room.place.nick, unread);
    if (unread) room.log.unread++;
    if (m.own) room.log.toEnd();
  },

  waiting(room) {
    room.log.waiting([...room.place.waiting.values()], (item) => {
      room.place.takeBack(item);
      write([item.text, written()].filter(Boolean).join("\n"));
      toText();
    });
  },

  presence(room, { joined = [], left = [] }) {
    const came = joined.filter((nick) => nick !== room.place.nick);
    if (came.length) room.log.notice(() => t("joined", names(came)));
    if (left.length) room.log.notice(() => t("left", names(left)));
  },

  nick(room, { from, nick }) {
    const me = nick === room.place.nick;
    room.log.notice(() => (me ? t("youAre", nick) : t("isNow", from, nick)));
    if (me) remember("localStorage", "nick", nick), save();
  },

  people(room, { people, count, loud }) {
    if (loud) room.log.notice(() => t("whoIsHere", count, names(people, count)));
  },

  rooms(room, { rooms: list, loud }) {
    others = list;
    if (loud) room.log.notice(() => t("roomList", names(list.map((r) => `#${r.room} (${r.count})`))));
  },

  help(room, { commands }) {
    const own = ["/join ROOM", "/leave"].map((usage) => ({ usage }));
    room.log.notice(() => [...commands, ...own].map(({ usage, text }) => `${usage}  ${t("commands")[usage] ?? text}`).join("\n"), "help");
  },

  status(room, { code, text }) {
    const say = () => t(code) ?? text;
    room.log.notice(say, code === "attached" ? "back" : "lost");
    room.trouble = code === "attached" ? undefined : say;
  },

  error(room, fault) {
    room.log.notice(() => explain(fault), "wrong");
  },
};

// ---- The page ----

function show(room) {
  if (current && current !== room) {
    current.log.show(false);
    current.draft = written();
  }
  if (current !== room) write(room?.draft ?? "");
  current = room;
  if (room) {
    room.log.show(true);
    history.replaceState(null, "", "?room=" + encodeURIComponent(room.name));
    save();
  }
  seen();
}

const inSight = (room) => room === current && room.log.atEnd && document.visibilityState === "visible" && document.hasFocus();

function seen() {
  if (current && inSight(current)) current.log.unread = 0;
  draw();
}

// draw brings everything but the logs up to date, once for all that happens
// within a moment.
let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    drawNow();
  }, 20);
}

function drawNow() {
  const all = [...rooms.values()];
  const unread = all.reduce((sum, room) => sum + room.log.unread, 0);
  const elsewhere = unread - (current?.log.unread ?? 0);
  document.title = (unread > 0 ? `(${short(unread)}) ` : "") + (current ? `#${current.name} · ` : "") + t("title");
  setText("unread", elsewhere > 0 ? short(elsewhere) : "");
  $("show-rooms").setAttribute("aria-label", t("rooms") + (elsewhere > 0 ? `, ${t("unread", elsewhere)}` : ""));

  setText("room", current ? "# " + current.name : t("title"));
  setText("status", current?.trouble?.() ?? "");
  const state = current?.place.state;
  setText("here", !current || current.trouble ? "" : state === "joining" ? t("joining") : t("here", current.place.count));
  $("retry").textContent = t(state === "out" ? "comeBack" : "retry");
  $("retry").hidden = !(state === "lost" || state === "out");

  const open = (name) => () => { goTo(name); closePanels(); toText(); };
  fill($("mine"), all.map((room) => ({ name: room.name, current: room === current, unread: room.log.unread })),
    (room) => roomButton(room, open(room.name)));
  const rest = others.filter(({ room }) => !rooms.has(room)).slice(0, 20);
  fill($("others"), rest.map(({ room, count }) => ({ name: room, people: count })), (room) => roomButton(room, open(room.name)));
  $("elsewhere").hidden = rest.length === 0;

  const { people = new Set(), nick = "", count = 0 } = current?.place ?? {};
  fill($("names"), inOrder(people, nick, count), person);
  setText("count", count ? String(count) : "");
  setText("me", nick);
  $("rename").setAttribute("aria-label", t("you", nick));
  $("text").placeholder = current ? t("messageHint", current.name) : "";

  const below = current?.log.unread ?? 0;
  $("newest").hidden = !current || current.log.atEnd;
  const badge = $("newest").querySelector(".badge");
  badge.textContent = short(below);
  badge.hidden = below === 0;
}

// ---- Saying something ----

onWriting(say, (pages) => current?.log.scrollByPages(pages));

// say does what the page itself can do, and leaves the rest to the server. It
// returns false if what was said has to be kept.
function say(said) {
  const [, word, argument] = said.match(/^\/(\S+)\s*(.*)$/) ?? [];
  if (word === "leave") leave(current);
  else if (word === "join" && argument) goTo(argument);
  else if (!current.place.say(said)) {
    current.log.notice(() => t(word ? "offline" : "tooMuch"), "wrong");
    return false;
  } else current.log.toEnd();
  return true;
}

// ---- Joining ----

function ask(room, nick = recall("localStorage", "nick") ?? "", fault) {
  askToJoin({ room, nick, fault, fixed: rooms.has(room), needed: rooms.size === 0 });
}

onJoin((name, nick) => {
  const room = rooms.get(name);
  if (room) room.place.connect(nick);
  else enter(name, nick);
});

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  goTo($("enter-room").value);
  $("enter-room").value = "";
  closePanels();
  toText();
});

// goTo shows a room, and joins it first if need be, under the present nickname.
function goTo(name) {
  name = roomName(name);
  if (!rooms.has(name) && rooms.size >= mostRooms) return current.log.notice(() => t("manyRooms", mostRooms), "wrong");
  if (!rooms.has(name)) enter(name, current.place.nick);
  show(rooms.get(name));
}

// ---- Buttons, keys, panels ----

$("leave").addEventListener("click", () => {
  closePanels();
  if (current) leave(current);
});
$("newest").addEventListener("click", () => {
  current.log.toEnd();
  toText();
});
$("retry").addEventListener("click", () => {
  current.place.connect();
  toText(); // the button goes
  draw();
});
$("rename").addEventListener("click", () => {
  closePanels();
  write("/nick ");
  toText();
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!event.altKey || !step || !current || asking()) return;
  event.preventDefault();
  const all = [...rooms.values()];
  show(all.at((all.indexOf(current) + step) % all.length));
});

for (const kind of ["focus", "blur"]) window.addEventListener(kind, seen);
document.addEventListener("visibilitychange", () => {
  seen();
  retryAll();
});
window.addEventListener("online", retryAll);

function retryAll() {
  if (document.visibilityState === "visible") for (const { place } of rooms.values()) place.retry();
}

function askForRooms() {
  if (document.visibilityState === "visible") current?.place.ask("/rooms");
}
setInterval(askForRooms, 30_000);

for (const button of document.querySelectorAll(".language")) {
  button.addEventListener("click", () => {
    remember("localStorage", "language", language === "zh" ? "en" : "zh");
    changeLanguage(language === "zh" ? "en" : "zh");
  });
}

function changeLanguage(to) {
  speak(to);
  for (const button of document.querySelectorAll(".language")) {
    button.textContent = language === "zh" ? "English" : "中文";
    button.lang = language === "zh" ? "en" : "zh-CN";
  }
  for (const room of rooms.values()) {
    room.log.relabel();
    on.waiting(room);
  }
  drawJoin();
  drawNow();
}

// ---- The beginning ----

changeLanguage(recall("localStorage", "language") ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en"));
const asked = roomName(new URLSearchParams(location.search).get("room") ?? "");
const places = (recall("sessionStorage", "places") ?? []).filter(({ room }) => room);
for (const { room, nick, session } of places) enter(room, nick, session);
const first = rooms.get(asked || places.find((place) => place.current)?.room);
if (first) show(first);
else ask(asked || "lobby");
