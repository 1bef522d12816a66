// The sequence diagram: two hosts, time downwards, packets slanted by the time
// they take, each end's state as a band beside its line.

import { s, say, hostName, remark, time } from './dom.js';

const flagBits = [['SYN', 2], ['FIN', 1], ['RST', 4], ['ACK', 16]];
const char = 7.25; // width of a character of the labels
const silence = 1e9; // ns without any event that are drawn as a break

export const flagsOf = (p) => flagBits.filter(([, bit]) => p.flags & bit).map(([name]) => name).join('+');

// kindOf is how a packet looks.
export function kindOf(p) {
  if (p.protocol !== 'tcp') return 'udp';
  if (p.flags & 4) return 'rst';
  if (p.flags & 2) return 'syn';
  if (p.flags & 1) return 'fin';
  return p.length ? 'data' : 'ack';
}

// labels are what can be said of a packet, the longest first.
export function labels(p) {
  const head = `${p.n} ${p.again ? say('again ', '重发 ') : ''}`;
  if (p.protocol !== 'tcp') return [`${head}${p.protocol.toUpperCase()} len=${p.length}`];
  const len = p.length ? ` len=${p.length}` : '', seq = ` seq=${p.seq ?? 0}`, ack = p.flags & 16 ? ` ack=${p.ack ?? 0}` : '';
  const win = p.flags & 4 ? '' : ` win=${p.window ?? 0}`, name = head + (flagsOf(p) || '—');
  return [name + seq + ack + win + len, name + seq + ack + len, name + (p.length || p.flags & 3 ? seq : ack) + len, name];
}

// layOut brings a trace into places: for every event its y, and for packets,
// states, calls and times what is drawn.
//
// Evenly spaced, each event takes a row; to scale, the rows of one moment are as
// far from those of the next as the time between them is long. A second or more
// without any event is a break in both.
export function layOut(trace, toScale) {
  const m = { trace, packets: [], bands: trace.hosts.map(() => []), marks: [], breaks: [], moments: [], steps: [] };
  const column = new Map(trace.hosts.map((host, i) => [host.name, i]));
  const byNumber = new Map(trace.packets.map((p) => [p.n, p]));
  const drawn = new Map(), swallowed = new Set(), called = new Map();
  const flows = new Set(trace.packets.map((p) => [p.src, p.dst].sort().join()));
  let y = 48, at = 0, shown = -1;

  trace.events.forEach((e, i) => {
    if (e.kind === 'info' || swallowed.has(i)) return;
    if (e.at - at >= silence) {
      m.breaks.push({ y: y + 50, for: e.at - at });
      y += 70;
    } else if (e.at > at) {
      y += toScale ? Math.max(4, ((e.at - at) / 1e6) * 2.6) : 13;
    }
    at = e.at;
    const host = column.get(e.host) ?? -1;
    switch (e.kind) {
      case 'send': {
        y += 27;
        const p = { ...byNumber.get(e.packet), host, y, at, ends: [], faults: [], states: [] };
        p.peer = column.get(p.to) ?? 1 - host;
        drawn.set(p.n, p);
        m.packets.push(p);
        break;
      }
      case 'deliver':
        y += 9;
        drawn.get(e.packet)?.ends.push({ y, at });
        break;
      case 'drop':
        y += 13;
        drawn.get(e.packet).lost = e.fault;
        break;
      case 'fault':
        y += 15;
        drawn.get(e.packet).faults.push({ y, text: remark(`${e.fault}: ${e.detail}`).replace(/\d+\.\d+/g, (v) => +(+v).toFixed(2)) });
        break;
      case 'state':
        m.bands[host].push({ y, at, from: e.from, to: e.to, port: flows.size > 1 && e.remote ? (e.local.endsWith(':80') ? e.remote : e.local).split(':').pop() : '' });
        break;
      case 'call': {
        y += 20;
        const back = trace.events.findIndex((r, j) => j > i && r.kind === 'return' && r.host === e.host && r.op === e.op);
        const between = trace.events.slice(i + 1, back < 0 ? 0 : back);
        const atOnce = back > 0 && trace.events[back].at === e.at && between.every((b) => b.host === e.host && b.kind !== 'call');
        if (atOnce) swallowed.add(back);
        called.set(e.host + e.op, e.detail);
        const detail = e.op === 'Listen' ? `:${e.local.split(':').pop()}` : remark(e.detail ?? '');
        const err = atOnce && trace.events[back].err;
        m.marks.push({ kind: 'call', host, y, at, text: `${e.op}${detail ? ` ${detail}` : ''}${atOnce || back < 0 ? '' : ' …'}${err ? `: ${err}` : ''}` });
        break;
      }
      case 'block':
        y += 20;
        m.marks.push({ kind: 'call', host, y, at, text: say('{0} has to wait', '{0} 阻塞', e.op) });
        break;
      case 'return': {
        y += 20;
        const said = e.err || (e.detail === called.get(e.host + e.op) ? '' : remark(e.detail ?? ''));
        m.marks.push({ kind: 'call', host, y, at, text: say('{0} returns', '{0} 返回', e.op) + (said ? say(': {0}', '：{0}', said) : ''), short: said && `${e.op} → ${said}` });
        break;
      }
      case 'timer':
        y += 20;
        m.marks.push({ kind: 'timer', host, y, at, text: remark(e.detail) });
        break;
      default:
        y += 24;
        m.marks.push({ kind: 'note', host: -1, y, at, text: remark(e.detail ?? '') });
    }
    if (at !== shown) m.moments.push({ y, at });
    shown = at;
    m.steps.push({ y, at, event: i, packet: e.packet, kind: e.kind });
  });
  m.height = y + 36;
  for (const p of m.packets) {
    p.bottom = Math.max(p.y + 14, ...p.ends.map((end) => end.y), ...p.faults.map((f) => f.y));
  }
  return m;
}

// signatures tell which packets of one run were in another: same sender, same
// words, same times. changed returns those of now that were not in before.
export function changed(before, now) {
  const sign = (p) => JSON.stringify([p.from, p.flags, p.seq, p.ack, p.length, p.window, p.at, p.ends, p.lost, p.protocol].map((v) => (Array.isArray(v) ? v.map((x) => x.at) : v)));
  const old = before.packets.map(sign);
  const fresh = new Set();
  for (const p of now.packets) {
    const i = old.indexOf(sign(p));
    if (i < 0) fresh.add(p.n);
    else old.splice(i, 1);
  }
  return { fresh, gone: old.length };
}

// describe says what its label does not say of a packet.
export function describe(p, more) {
  const way = say('{0} to {1}', '{0}到{1}', hostName(p.from), hostName(p.to));
  const end = p.lost ? say(', lost', '，丢失')
    : p.ends.length > 1 ? say(', arrives twice', '，送达两次')
    : p.ends.length ? say(', arrives at {0}', '，{0} 时送达', time(p.ends[0].at)) : '';
  return `${way}${say(', sent at {0}', '，{0} 时发出', time(p.at))}${end}${more ? `. ${more}` : ''}`;
}

// draw puts the diagram into root and returns how it can be shown in part.
// on.pick(n) is called for a click or Enter, on.look(n) for focus and hover.
export function draw(root, m, opts, on) {
  const width = Math.max(280, Math.min(opts.width || 720, 1000));
  const wide = width >= 600;
  const band = wide ? 106 : 64, left = wide ? 66 : 36;
  const x = [left + band + 8, width - band - 8];
  const lane = x[1] - x[0];
  const fit = (all, room) => all.find((text) => widthOf(text) <= room) ?? all.at(-1);
  const svg = s('svg', { class: 'sequence', viewBox: `0 0 ${width} ${m.height}`, width, height: m.height, role: 'group',
    'aria-label': say('Sequence diagram: {0} packets. Arrow keys go from packet to packet.', '时序图：{0} 个包。用方向键逐包浏览。', m.packets.length) });
  const clip = s('rect', { x: 0, y: 0, width, height: m.height });
  const body = s('g', { 'clip-path': 'url(#until)' });
  svg.append(s('defs', {}, s('clipPath', { id: 'until' }, clip)), body);
  const put = (...els) => body.append(...els);
  const label = (text, attrs) => s('text', attrs, text);

  for (const [i, host] of m.trace.hosts.entries()) {
    svg.append(label(hostName(host.name), { class: 'host', x: x[i], y: 18, 'text-anchor': 'middle' }));
    put(s('line', { class: 'life', x1: x[i], y1: 28, x2: x[i], y2: m.height - 6 }));
    drawBands(m, i, { x: i ? x[1] + 8 : x[0] - 8 - band, width: band, wide }, put);
  }
  for (const b of m.breaks) {
    const text = say('… {0} later …', '⋯ {0} 后 ⋯', `${+(b.for / 1e9).toFixed(b.for < 1e10 ? 2 : 1)} s`);
    put(s('rect', { class: 'break', x: 0, y: b.y - 13, width, height: 26 }), label(text, { class: 'pause', x: (x[0] + x[1]) / 2, y: b.y + 4, 'text-anchor': 'middle' }));
  }
  for (const t of m.moments) {
    const text = (t.at / 1e9).toFixed(wide || t.at < 1e11 ? 3 : 2);
    put(label(text, { class: wide ? 'time' : 'time small', x: left - (wide ? 6 : 3), y: t.y + 4, 'text-anchor': 'end' }));
  }
  const drawnPackets = m.packets.map((p) => drawPacket(p, x, lane, fit, opts));
  for (const [i, { g }] of drawnPackets.entries()) {
    const p = m.packets[i];
    g.addEventListener('click', () => on.pick(p.n));
    g.addEventListener('keydown', (e) => {
      if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); on.pick(p.n); } else on.key(p.n, e);
    });
    g.addEventListener('focus', () => on.look(p.n));
    g.addEventListener('pointerenter', (e) => e.pointerType === 'mouse' && on.look(p.n));
    put(g);
  }
  put(...drawnPackets.map(({ words }) => words)); // above all arrows
  const groups = drawnPackets.map(({ g }) => g);
  const toggle = (name, is) => drawnPackets.forEach(({ g, words }, i) => {
    for (const el of [g, words]) el.classList.toggle(name, is(m.packets[i]));
  });
  for (const mark of m.marks) {
    if (mark.host < 0) {
      put(label(cutOff(mark.text, width - 20), { class: 'note', x: (x[0] + x[1]) / 2, y: mark.y + 4, 'text-anchor': 'middle' }));
      continue;
    }
    const out = mark.host ? -1 : 1, shape = mark.kind === 'timer' ? 'M0-6 6 0 0 6-6 0z' : 'M-4.5 0a4.5 4.5 0 1 0 9 0 4.5 4.5 0 1 0-9 0';
    put(s('path', { class: mark.kind, d: shape, transform: `translate(${x[mark.host]} ${mark.y})` }),
      ...sign(cutOff((!wide && mark.short) || mark.text, lane - 20), { class: `said ${mark.kind}`, x: x[mark.host] + out * 13, y: mark.y + 4, 'text-anchor': mark.host ? 'end' : 'start' }, 7));
  }
  const cursor = s('line', { class: 'cursor', x1: 0, x2: width, y1: 0, y2: 0 });
  svg.append(cursor);
  root.replaceChildren(svg);

  return {
    svg, groups,
    // until shows what is above y, Infinity for all.
    until(y) {
      clip.setAttribute('height', Math.min(y, m.height));
      for (const end of ['y1', 'y2']) cursor.setAttribute(end, Math.min(y, m.height));
      cursor.classList.toggle('hidden', y >= m.height);
      toggle('later', (p) => p.y > y);
    },
    look(n) {
      toggle('looked', (p) => p.n === n);
    },
  };
}

// drawBands draws a host's states, one band each for as long as it lasts.
function drawBands(m, host, at, put) {
  const changes = m.bands[host];
  if (!changes.length) return;
  const all = [{ y: 34, to: changes[0].from, port: '' }, ...changes];
  all.forEach((b, i) => {
    const end = i + 1 < all.length ? all[i + 1].y - 1 : m.height - 8;
    const top = i ? b.y + 1 : b.y;
    if (end - top < 2) return;
    const y = Math.min(top + 13, top + Math.max(9, (end - top) / 2 + 4));
    const name = at.wide ? b.to : b.to.replace('SYN-RECEIVED', 'SYN-RCVD').replace('ESTABLISHED', 'ESTAB'); // as ss says
    put(s('rect', { class: `band ${b.to.toLowerCase()}`, x: at.x, y: top, width: at.width, height: end - top, rx: 5 }));
    put(s('text', { class: at.wide ? 'state' : 'state small', x: at.x + at.width / 2, y, 'text-anchor': 'middle' }, name));
    if (b.port && end - top > 34) put(s('text', { class: 'state port', x: at.x + at.width / 2, y: y + 14, 'text-anchor': 'middle' }, `:${b.port}`));
  });
}

// widthOf is about how wide a text is; a Chinese character takes more than a
// Latin one.
const widthOf = (text, size = char) => [...text].reduce((sum, c) => sum + (c > '\u2e80' ? 12 : size), 0);

// cutOff shortens a text that does not fit.
function cutOff(text, room) {
  if (widthOf(text, 7) <= room) return text;
  const chars = [...text];
  while (chars.length > 1 && widthOf(chars, 7) > room - 7) chars.pop();
  return `${chars.join('').trimEnd()}…`;
}

// sign is a text, and a ground that hides what passes below it.
function sign(text, attrs, size = char) {
  const width = widthOf(text, size) + 4;
  return [s('rect', { class: 'ground', x: attrs.x - (attrs['text-anchor'] === 'end' ? width - 2 : 2), y: attrs.y - 10, width, height: 13, transform: attrs.transform }), s('text', attrs, text)];
}

// drawPacket draws one packet: g is a slanted arrow for each arrival, or half of
// one with a cross; words are what stands at it.
function drawPacket(p, x, lane, fit, opts) {
  const from = x[p.host], to = x[p.peer], out = to > from ? 1 : -1;
  const classes = ['packet', kindOf(p), p.again && 'again', p.lost && 'lost', opts.fresh?.has(p.n) && 'fresh', opts.fate(p.n) && 'touched'];
  const words = s('g', { class: classes.filter(Boolean).join(' '), 'aria-hidden': 'true' });
  const g = s('g', { class: classes.filter(Boolean).join(' '), role: 'button', tabindex: -1, 'data-n': p.n });
  const end = p.lost || !p.ends.length ? { x: from + out * lane * 0.55, y: p.y + 12 } : { x: to, y: p.ends[0].y };
  const line = (x2, y2, more) => s('line', { class: `way ${more ?? ''}`, x1: from, y1: p.y, x2, y2 });
  g.append(s('line', { class: 'hit', x1: from, y1: p.y - 4, x2: end.x, y2: end.y - 4 }), line(end.x, end.y));
  const angle = (Math.atan2(end.y - p.y, Math.abs(end.x - from)) * 180) / Math.PI;
  const head = (e) => s('path', { class: 'head', d: 'M0 0-10-4.5V4.5z',
    transform: `translate(${e.x} ${e.y}) rotate(${(Math.atan2(e.y - p.y, e.x - from) * 180) / Math.PI})` });
  if (p.lost) {
    g.append(s('path', { class: 'cross', d: `M${end.x} ${end.y}m-6-6 12 12m0-12-12 12` }));
    words.append(...sign(lane * 0.45 > 130 ? say('lost: {0}', '丢失：{0}', p.lost) : say('lost', '丢失'),
      { class: 'label why', x: end.x + out * 12, y: end.y + 4, 'text-anchor': out > 0 ? 'start' : 'end' }, 6.7));
  } else if (p.ends.length) {
    g.append(head(end));
    for (const again of p.ends.slice(1)) g.append(line(to, again.y, 'twice'), head({ x: to, y: again.y }));
  }
  const text = fit(labels(p), Math.abs(end.x - from) * (p.lost ? 1.5 : 1) - 34);
  words.append(...sign(text, { class: 'label', x: from + out * 14, y: p.y - 6, 'text-anchor': out > 0 ? 'start' : 'end',
    transform: angle < 4 ? `rotate(${out * angle} ${from} ${p.y})` : null }));
  for (const f of p.lost ? [] : p.faults) { // what is lost is not late
    words.append(...sign(`↳ ${lane > 220 ? f.text : f.text.replace(/later by |晚到 /, '+')}`, { class: 'label why', x: from + out * 14, y: f.y + 4, 'text-anchor': out > 0 ? 'start' : 'end' }, 6.7));
  }
  const seen = [...words.querySelectorAll('text')].map((el) => el.textContent).join(', '); // the name begins with what is seen
  g.setAttribute('aria-label', `${seen}; ${describe(p, opts.fresh?.has(p.n) ? say('New since the change', '改变之后新出现') : '')}`);
  return { g, words };
}
