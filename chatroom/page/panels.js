// On narrow screens, rooms and people are panels that slide in.
import { $ } from "./page.js";

const panels = ["rooms", "people"];

for (const id of panels) {
  $("show-" + id).addEventListener("click", () => {
    const open = !$(id).classList.contains("open");
    closePanels();
    if (!open) return;
    $(id).classList.add("open");
    $("show-" + id).setAttribute("aria-expanded", "true");
    $("scrim").hidden = false;
    $(id).querySelector("button").focus();
  });
}
for (const e of [$("scrim"), ...document.querySelectorAll(".close")]) e.addEventListener("click", closePanels);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closePanels();
});

// closePanels gives the keyboard back to the button that opened one.
export function closePanels() {
  for (const id of panels) {
    const open = $(id).classList.contains("open");
    $(id).classList.remove("open");
    $("show-" + id).setAttribute("aria-expanded", "false");
    if (open) $("show-" + id).focus();
  }
  $("scrim").hidden = true;
}
