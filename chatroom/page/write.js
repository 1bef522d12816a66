// The field in which the reader writes.
import { $ } from "./page.js";

const area = $("text");
const tallest = 160; // px; from there on it scrolls

// write puts text into the field, and toText the cursor at its end. Chromium
// gives the focus back when a dialog closes, but not the cursor.
export function write(text) {
  area.value = text;
  grow();
}

export function toText() {
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}

export const written = () => area.value;

// onWriting calls say() for what is sent, which keeps it in the field by
// returning false, and scroll() for the keys that turn pages.
export function onWriting(say, scroll) {
  $("say").addEventListener("submit", (event) => {
    event.preventDefault();
    const said = area.value.trim();
    if (!said) return;
    write("");
    if (!say(said)) write(said);
  });
  area.addEventListener("keydown", (event) => {
    // Enter that ends a Chinese character in an input method sends nothing.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      $("say").requestSubmit();
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      scroll(event.key === "PageUp" ? -1 : 1);
    }
  });
  area.addEventListener("input", grow);
}

function grow() {
  area.style.height = "auto";
  area.style.height = Math.min(area.scrollHeight + 2, tallest) + "px";
}
