// What all the others need: elements, words, and one tab stop for many things.

const SVG = 'http://www.w3.org/2000/svg';

function build(el, attrs, children) {
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name.startsWith('aria-') && value != null) el.setAttribute(name, value);
    else if (value === true) el.setAttribute(name, '');
    else if (value !== false && value != null) el.setAttribute(name, value);
  }
  el.append(...children.flat().filter((c) => c != null && c !== false));
  return el;
}

// h makes an HTML element, s one of SVG: h('a', {href: '#'}, 'text', child).
export const h = (tag, attrs, ...children) => build(document.createElement(tag), attrs, children);
export const s = (tag, attrs, ...children) => build(document.createElementNS(SVG, tag), attrs, children);

export const chinese = document.documentElement.lang.startsWith('zh');
export const lang = chinese ? 'zh' : 'en';

// say picks the words of the page's language; {0}, {1} … stand for values.
export const say = (en, zh, ...values) =>
  (chinese ? zh : en).replace(/\{(\d)\}/g, (_, i) => values[i]);

export const hostName = (name) =>
  chinese ? { client: '客户端', server: '服务器' }[name] ?? name : name;

// What a scene, netlab and the stack say in a trace, for Chinese pages.
const remarks = {
  'again: both close at once': '再来一次：双方同时关闭', 'the reader goes on': '读者继续读', 'retransmission timeout': '重传超时',
  'handshake timeout': '握手超时', 'tail loss probe': '尾部丢失探测', 'window probe': '窗口探测', 'TCP timer': 'TCP 定时器', 'delayed sending': '延迟发送',
};
export const remark = (text) => (!chinese ? text : remarks[text] ??
  text.replace(/^jitter: /, '抖动：').replace(/^twice: /, '重复：').replace(/^(.*[:：] ?)?later by (.+)$/, '$1晚到 $2').replace(/^(.*[:：] ?)?arrives again (.+) later$/, '$1$2 后再次送达')
    .replace(/^(\d+) of (\d+) bytes$/, '$2 字节中的 $1 字节').replace(/^(\d+) bytes$/, '$1 字节'));

// columns makes children of a text in which Chinese is two columns wide, as in a
// terminal; markdown.go has the same.
export const columns = (text) => text.split(/([\p{Script=Han}\u3000-\u303f\uff01-\uff60]+)/u).map((part, i) => (i % 2 ? h('span', { class: 'wide' }, part) : part));

// A time in nanoseconds, as people read it.
export function time(ns) {
  if (ns >= 1e9) return `${+(ns / 1e9).toFixed(3)} s`;
  return `${+(ns / 1e6).toFixed(3)} ms`;
}

// rove makes the elements that list() returns one tab stop: arrow keys, Home
// and End move among them.
export function rove(root, list) {
  const seen = () => list().filter((el) => !el.classList.contains('later'));
  const settle = (el) => {
    for (const other of list()) other.setAttribute('tabindex', other === el ? 0 : -1);
  };
  root.addEventListener('keydown', (e) => {
    const all = seen(), at = all.indexOf(e.target);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[e.key];
    if (to === undefined || !all[to]) return;
    e.preventDefault();
    all[to].focus();
  });
  root.addEventListener('focusin', (e) => list().includes(e.target) && settle(e.target));
  return settle;
}

// announce has a screen reader say a text.
export function announce(text) {
  let live = document.getElementById('live');
  if (!live) document.body.append((live = h('div', { id: 'live', class: 'unseen', role: 'status', 'aria-live': 'polite' })));
  live.textContent = text;
}

// stored reads and writes a value that stays in this browser, if it lets us.
export const stored = {
  get(key, otherwise) {
    try { return JSON.parse(localStorage.getItem(`netlessons.${key}`)) ?? otherwise; } catch { return otherwise; }
  },
  set(key, value) {
    try { localStorage.setItem(`netlessons.${key}`, JSON.stringify(value)); } catch { /* it stays for this visit only */ }
  },
};
