// The dialog that asks for a nickname and a room.
import { explain, t } from "./language.js";
import { $ } from "./page.js";

const dialog = $("join");
let asked; // { room, fault }: what it is about, while it is open

// askToJoin opens the dialog; with a fault, it says what was wrong. A room that
// is fixed cannot be changed, a dialog that is needed not be closed.
export function askToJoin({ room, nick, fault, fixed, needed }) {
  asked = { room, fault, needed };
  $("join-room").value = room;
  $("join-room").disabled = fixed;
  $("join-nick").value = nick;
  $("join-cancel").hidden = needed;
  if (!dialog.open) dialog.showModal();
  $("join-go").disabled = false;
  drawJoin();
  const field = fault?.code.includes("room") ? $("join-room") : $("join-nick");
  field.focus();
  field.select();
}

// letIn closes the dialog if it is about that room.
export function letIn(room) {
  if (!dialog.open || asked.room !== room) return false;
  dialog.close();
  return true;
}

export const asking = () => dialog.open;

// onJoin calls join(room, nick) for what was filled in.
export function onJoin(join) {
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    asked.room = roomName($("join-room").value);
    $("join-go").disabled = true;
    $("join-go").textContent = t("joining");
    join(asked.room, $("join-nick").value.trim());
  });
  dialog.addEventListener("cancel", (event) => {
    if (asked.needed) event.preventDefault();
  });
  $("join-cancel").addEventListener("click", () => dialog.close());
}

// drawJoin writes what was wrong, in the present language.
export function drawJoin() {
  const fault = asked?.fault;
  $("join-go").textContent = t("join");
  $("wrong").textContent = fault ? explain(fault) : "";
  for (const about of ["nick", "room"]) $("join-" + about).ariaInvalid = String(fault?.code.includes(about) ?? false);
}

// roomName is what a room is called that somebody typed.
export const roomName = (typed) => typed.trim().toLowerCase().replace(/^#\s*/, "").replace(/\s+/g, "-");
