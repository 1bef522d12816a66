// Play, pause and step: which part of the diagram is to be seen.

import { h, s, say } from './dom.js';

const shapes = { // on a field of 16 by 16
  start: 'M3 3v10M13 3 6 8l7 5z', back: 'M11 3 4 8l7 5z', play: 'M4 2.5v11l9-5.5z', pause: 'M5 3v10M11 3v10', on: 'M5 3l7 5-7 5z', end: 'M13 3v10M3 3l7 5-7 5z',
};
const icon = (name) => s('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' }, s('path', { d: shapes[name] }));

const slower = 60; // than the wire, if played
const still = matchMedia('(prefers-reduced-motion: reduce)');

// makePlayer returns { el, load(model), to(y), end() }; show(y, event) is called
// with the place down to which all is to be seen, and the last event above it.
export function makePlayer(show) {
  let m, y = Infinity, timer;
  const stop = () => { clearTimeout(timer); cancelAnimationFrame(timer); timer = undefined; face(); };
  const button = (name, words, onclick) => h('button', { type: 'button', class: 'icon', 'aria-label': words, title: words, onclick }, icon(name));
  const playing = button('play', '', () => (timer === undefined ? play() : stop()));
  const range = h('input', { type: 'range', min: 0, max: 1000, value: 1000, 'aria-label': say('How much of it is shown', '显示到哪里'), oninput: () => { stop(); to((range.value / 1000) * m.height); } });
  const face = () => {
    playing.replaceChildren(icon(timer === undefined ? 'play' : 'pause'));
    playing.setAttribute('aria-label', timer === undefined ? say('Play', '播放') : say('Pause', '暂停'));
  };

  function to(next) {
    y = Math.max(0, next);
    if (y >= m.height) y = Infinity;
    range.value = y === Infinity ? 1000 : (y / m.height) * 1000;
    range.setAttribute('aria-valuetext', y === Infinity ? say('all', '全部') : say('{0} of {1} packets', '{1} 个包中的 {0} 个', m.packets.filter((p) => p.y <= y).length, m.packets.length));
    let event = -1;
    for (const step of m.steps) if (step.y <= y) event = step.event;
    show(y, event);
  }

  // A step shows one packet more or less, from when it is sent to when it ends.
  function step(by) {
    stop();
    const ends = [...new Set(m.packets.map((p) => p.bottom + 3))].sort((a, b) => a - b);
    const next = by > 0 ? ends.find((end) => end > y) ?? Infinity : ends.filter((end) => end < y).at(-1) ?? 30;
    to(by > 0 && next === ends.at(-1) && y >= next ? Infinity : next);
  }

  // play goes down in time: fast where nothing happens for long.
  function play() {
    if (y === Infinity) to(30);
    const places = [{ y: 30, at: 0 }, ...m.steps, { y: m.height, at: m.steps.at(-1)?.at ?? 0 }];
    let since = performance.now(), from = y;
    const frame = (now) => {
      const i = places.findIndex((place) => place.y > from);
      if (i < 0) { to(Infinity); return stop(); }
      const a = places[i - 1] ?? places[0], b = places[i];
      const whole = Math.min(1600, Math.max(120, ((b.at - a.at) / 1e6) * slower));
      const takes = whole * ((b.y - from) / Math.max(1, b.y - a.y));
      const part = Math.min(1, (now - since) / Math.max(1, takes));
      if (part >= 1) { from = b.y; since = now; to(from); } else if (!still.matches) to(from + part * (b.y - from));
      timer = still.matches ? setTimeout(() => frame(performance.now()), 60) : requestAnimationFrame(frame);
      face();
    };
    timer = requestAnimationFrame(frame);
    face();
  }

  const el = h('div', { class: 'player', role: 'group', 'aria-label': say('Play', '播放') },
    button('start', say('To the start', '回到开头'), () => { stop(); to(30); }), button('back', say('One packet back', '后退一个包'), () => step(-1)), playing,
    button('on', say('One packet on', '前进一个包'), () => step(1)), button('end', say('Show all', '全部显示'), () => { stop(); to(Infinity); }), range);
  face();
  return {
    el, to, stop,
    load(model) { stop(); m = model; to(y === Infinity ? Infinity : Math.min(y, m.height)); },
    end() { stop(); to(Infinity); },
    get y() { return y; },
  };
}
