// The browser's side of the chat: doc.go has the protocol.
const [log, status, join, nick, say, text, leave] =
  ["log", "status", "join", "nick", "say", "text", "leave"].map((id) => document.getElementById(id));

const longest = 500; // lines that stay on the page
let socket;

join.addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket) return; // on its way
  tell("Connecting …");
  const url = new URL("ws?nick=" + encodeURIComponent(nick.value.trim()), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.addEventListener("message", (event) => show(JSON.parse(event.data)));
  socket.addEventListener("close", closed);
});

say.addEventListener("submit", (event) => {
  event.preventDefault();
  socket.send(JSON.stringify({ type: "message", text: text.value }));
  text.value = "";
});

leave.addEventListener("click", () => socket.close(1000));

function show(message) {
  if (say.hidden) inRoom(true); // the first message says that we joined
  const name = document.createElement("b");
  name.textContent = message.from ?? "";
  const line = document.createElement("li");
  line.className = message.type;
  const said = { message: ": " + message.text, join: " joined", leave: " left", error: message.text };
  line.append(name, said[message.type] ?? ""); // strings become text, never HTML

  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(line);
  if (log.childElementCount > longest) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function closed(event) {
  socket = undefined;
  inRoom(false);
  if (event.code === 1000) return tell("You left.");
  const why = { 1006: "no answer from the server", 1009: "that message was too long" };
  tell("Not connected: " + (event.reason || why[event.code] || `close code ${event.code}`) + ".", true);
}

function inRoom(yes) {
  join.hidden = yes;
  say.hidden = !yes;
  (yes ? text : nick).focus();
  if (yes) tell("You are in the room as " + nick.value.trim() + ".");
}

function tell(what, wrong = false) {
  status.textContent = what;
  status.classList.toggle("wrong", wrong);
}
