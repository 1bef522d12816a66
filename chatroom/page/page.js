// Small helpers for what stands on the page, and for what the browser keeps.
export const $ = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
}

// setText changes an element only if it must: a live region tells each change.
export function setText(id, to) {
  const e = $(id);
  if (e.textContent !== to) e.textContent = to;
  if (e.classList.contains("badge")) e.hidden = to === "";
}

// fill makes a list of things, if it is not the same already: an element that
// is exchanged under the mouse is not clicked. The keyboard stays where it was.
export function fill(list, things, makeItem) {
  const key = document.documentElement.lang + JSON.stringify(things);
  if (list.key === key) return;
  list.key = key;
  const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...things.map(makeItem));
  if (at >= 0) list.children[Math.min(at, things.length - 1)]?.querySelector("button")?.focus();
}

// remember and recall do without storage where the browser has none for us.
export function remember(storage, key, value) {
  try { window[storage].setItem("chatroom." + key, JSON.stringify(value)); } catch { }
}

export function recall(storage, key) {
  try { return JSON.parse(window[storage].getItem("chatroom." + key)); } catch { return null; }
}
