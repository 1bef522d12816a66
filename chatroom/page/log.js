// The messages of one room on the page. Whatever others wrote is put in as
// text, never as HTML.
import { locale, t } from "./language.js";
import { make } from "./page.js";

const longest = 500; // lines that stay on the page; twice as many while the reader looks back
const together = 3 * 60_000; // ms within which messages of one person stand under one name

export class Log {
  atEnd = true;
  unread = 0;
  element = make("div", "scroller");
  #live = make("div");
  #list = make("ol", "log");
  #waiting = make("ol", "waiting");
  #divider;
  #lastFrom;
  #lastTime = 0;
  #lastDay;
  #top = 0;
  #moving = false;

  // onScroll is called when the reader has scrolled.
  constructor(name, onScroll) {
    this.element.tabIndex = 0; // for those who scroll by keys
    this.element.role = "region";
    this.element.ariaLabel = name;
    this.#live.role = "log"; // new lines are read aloud
    this.#live.append(this.#list);
    this.element.append(this.#live, this.#waiting);
    this.element.addEventListener("scroll", () => {
      if (this.element.hidden) return;
      this.#top = this.element.scrollTop;
      // What was added since is no reason to leave the end.
      this.atEnd = (this.atEnd && this.#moving) || this.element.scrollHeight - this.#top - this.element.clientHeight < 60;
      onScroll();
    });
    this.element.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && this.#letGo(), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(this.element);
    this.relabel();
  }

  // While the history is put in, the log is busy: screen readers do not read
  // all of it aloud.
  get busy() {
    return this.#live.ariaBusy === "true";
  }

  set busy(yes) {
    this.#live.ariaBusy = String(yes);
  }

  show(yes) {
    const top = this.#top;
    this.element.hidden = !yes;
    if (yes) this.atEnd ? this.#follow() : (this.element.scrollTop = top);
  }

  toEnd() {
    this.atEnd = true;
    this.#follow();
  }

  scrollByPages(n) {
    if (n < 0) this.#letGo();
    this.element.scrollBy({ top: n * 0.85 * this.element.clientHeight });
  }

  message({ from, text, time }, own, unread) {
    if (unread) this.#markNew();
    this.#day(time);
    const line = make("li", own ? "message own" : "message");
    const again = this.#lastFrom === from && time - this.#lastTime < together;
    line.classList.toggle("again", again);
    line.style.setProperty("--hue", hue(from));
    const face = make("span", "face", [...from][0]);
    face.setAttribute("aria-hidden", "true");
    const head = make("p", "head");
    const when = make("time", "", clock(time));
    when.dateTime = new Date(time).toISOString();
    head.append(make("bdi", "", from), " ", when);
    const said = make("p", "text", text);
    said.dir = "auto";
    line.append(face, head, said);
    this.#add(line);
    [this.#lastFrom, this.#lastTime] = [from, time];
  }

  // notice adds a line of the page's own; say() is its text in the present language.
  notice(say, kind = "") {
    const line = make("li", "notice " + kind, say());
    line.say = say;
    this.#add(line);
    this.#lastFrom = undefined;
  }

  // waiting shows what was said and has not come back.
  waiting(items, takeBack) {
    this.#waiting.replaceChildren(...items.map((item) => {
      const line = make("li", item.state === "failed" ? "message own failed" : "message own");
      const said = make("p", "text", item.text);
      said.dir = "auto";
      const failed = item.state === "failed";
      const why = failed ? t("errors")[item.why] ?? item.why : t(item.state);
      line.append(said, make("p", "why", why));
      if (failed) {
        const back = make("button", "quiet", t("takeBack"));
        back.addEventListener("click", () => takeBack(item));
        line.append(back);
      }
      return line;
    }));
    this.#follow();
  }

  // relabel puts what the page itself says into the present language.
  relabel() {
    this.#live.ariaLabel = t("messages");
    this.#waiting.ariaLabel = t("waiting");
    for (const line of this.#list.children) if (line.say) line.textContent = line.say();
    for (const time of this.#list.querySelectorAll("time")) time.textContent = clock(new Date(time.dateTime));
  }

  #add(line) {
    this.#list.append(line);
    while (this.#list.childElementCount > (this.atEnd ? longest : 2 * longest)) this.#list.firstElementChild.remove();
    this.#list.firstElementChild.classList.remove("again"); // its name may have gone with the line before
    this.#follow();
  }

  #markNew() {
    if (this.unread > 0) return;
    this.#divider?.remove();
    this.#divider = make("li", "new", t("newHere"));
    this.#divider.say = () => t("newHere");
    this.#list.append(this.#divider);
    this.#lastFrom = undefined;
  }

  #day(time) {
    const day = new Date(time).toDateString();
    if (day === this.#lastDay) return;
    this.#lastDay = day;
    const say = () => new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long" }).format(time);
    this.notice(say, "day");
  }

  // #letGo lets the reader scroll up while messages pour in.
  #letGo() {
    if (this.element.scrollTop > 0) this.atEnd = false;
  }

  // #follow keeps the newest line in sight, once for all that is added before
  // the next frame is drawn: measuring for each of 1,000 lines would be slow.
  #follow() {
    if (!this.atEnd || this.#moving) return;
    this.#moving = true;
    requestAnimationFrame(() => {
      this.#moving = false;
      if (this.atEnd) this.element.scrollTop = this.element.scrollHeight;
    });
  }
}

// hue gives a nickname its colour, the same on every page.
export function hue(nick) {
  let sum = 7;
  for (const c of nick) sum = (sum * 31 + c.codePointAt(0)) % 3600;
  return sum / 10;
}

function clock(time) {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(time);
}
