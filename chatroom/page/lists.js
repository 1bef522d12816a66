// The lists beside the messages: rooms and people.
import { t } from "./language.js";
import { hue } from "./log.js";
import { make } from "./page.js";

const mostPeople = 200; // that are listed by name

// roomButton is one room with its mark: how much is unread, or how many are in it.
export function roomButton({ name, current = false, unread = 0, people = 0 }, open) {
  const button = make("button", "plain room");
  button.append(make("bdi", "", "# " + name));
  if (current) button.ariaCurrent = "true";
  const [n, label] = unread > 0 ? [unread, t("unread", unread)] : [people, t("inRoom", people)];
  if (n > 0) {
    const mark = make("span", unread > 0 ? "badge" : "count", short(n));
    mark.ariaHidden = "true";
    button.append(mark, make("span", "hidden", " " + label));
  }
  button.addEventListener("click", open);
  const item = make("li");
  item.append(button);
  return item;
}

// inOrder is who is in the room, the reader first, and how many more there are.
export function inOrder(people, me, count) {
  const rest = [...people].filter((nick) => nick !== me).sort((a, b) => a.localeCompare(b));
  const all = people.has(me) ? [me, ...rest] : rest;
  const shown = all.slice(0, mostPeople).map((nick) => ({ nick, me: nick === me }));
  const more = Math.max(count, all.length) - shown.length;
  return more > 0 ? [...shown, { more }] : shown;
}

// person is one of them.
export function person({ nick, me, more }) {
  if (more) return make("li", "more", t("more", more));
  const item = make("li");
  item.style.setProperty("--hue", hue(nick));
  const face = make("span", "face", [...nick][0]);
  face.ariaHidden = "true";
  item.append(face, make("bdi", "", nick));
  if (me) item.append(make("span", "count", t("youMark")));
  return item;
}

export function short(n) {
  return n > 99 ? "99+" : String(n);
}
