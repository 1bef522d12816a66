// One packet: its header fields, each explained, and its bytes.

import { h, say, rove } from './dom.js';
import { describe, labels } from './sequence.js';
import { fields } from './fields.js';

const options = { 1: 'nop', 2: 'mss', 3: 'scale', 4: 'sackok', 5: 'sack', 8: 'time' };

// decode returns the fields of an IPv4 packet: [name, from, to, value], in bytes.
export function decode(b) {
  const u16 = (i) => (b[i] << 8) | b[i + 1], u32 = (i) => u16(i) * 65536 + u16(i + 2);
  const ip = (i) => [...b.slice(i, i + 4)].join('.'), hex = (v, n) => `0x${v.toString(16).padStart(n, '0')}`;
  const all = [];
  const add = (name, from, to, value) => all.push([name, from, to, value]);
  const end = (b[0] & 15) * 4;
  add('version', 0, 1, b[0] >> 4); add('ihl', 0, 1, say('{0} bytes', '{0} 字节', end)); add('tos', 1, 2, hex(b[1], 2));
  add('total', 2, 4, u16(2)); add('id', 4, 6, hex(u16(4), 4)); add('frag', 6, 8, u16(6) & 0x4000 ? say('do not fragment', '不分片') : hex(u16(6), 4));
  add('ttl', 8, 9, b[8]); add('protocol', 9, 10, { 6: '6 TCP', 17: '17 UDP', 1: '1 ICMP' }[b[9]] ?? b[9]);
  add('ipsum', 10, 12, hex(u16(10), 4)); add('src', 12, 16, ip(12)); add('dst', 16, 20, ip(16));
  let t = end;
  if (b[9] === 6 || b[9] === 17) {
    add('sport', t, t + 2, u16(t)); add('dport', t + 2, t + 4, u16(t + 2));
  }
  if (b[9] === 17) {
    add('length', t + 4, t + 6, u16(t + 4)); add('sum', t + 6, t + 8, hex(u16(t + 6), 4));
    t += 8;
  } else if (b[9] === 6) {
    const bits = b[t + 13], names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, i) => bits & (1 << i));
    add('seq', t + 4, t + 8, u32(t + 4)); add('ack', t + 8, t + 12, u32(t + 8));
    add('offset', t + 12, t + 13, say('{0} bytes', '{0} 字节', (b[t + 12] >> 4) * 4)); add('flags', t + 13, t + 14, names.join(' ') || '—');
    add('window', t + 14, t + 16, u16(t + 14)); add('sum', t + 16, t + 18, hex(u16(t + 16), 4)); add('urgent', t + 18, t + 20, u16(t + 18));
    const stop = t + (b[t + 12] >> 4) * 4;
    for (t += 20; t < stop;) {
      const kind = b[t], length = kind < 2 ? 1 : Math.max(2, b[t + 1]);
      const value = { 2: () => u16(t + 2), 3: () => `× ${2 ** b[t + 2]}`, 8: () => `${u32(t + 2)}, ${u32(t + 6)}` }[kind]?.() ?? '';
      add(options[kind] ?? 'option', t, t + length, value);
      t += length;
    }
    t = stop;
  }
  if (t < b.length) add('data', t, b.length, say('{0} bytes', '{0} 字节', b.length - t));
  return all;
}

const most = 160; // bytes that are shown of a packet

// show puts a packet into root; actions are buttons that the caller has made.
export function show(root, p, actions) {
  const bytes = Uint8Array.from(atob(p.bytes), (c) => c.charCodeAt(0));
  const cells = [...bytes.slice(0, most)].map((v) => h('span', {}, v.toString(16).padStart(2, '0')));
  const note = h('p', { class: 'explain', role: 'status' }, say('Choose a field: its sentence and its bytes.', '选择一个字段，查看说明和对应的字节。'));
  const rows = decode(bytes).map(([name, from, to, value]) => {
    const title = say(...fields[name]), sentence = say(...fields[name].slice(2));
    const shown = name === 'seq' || name === 'ack' ? say('{0} (counted from 0: {1})', '{0}（从 0 数起：{1}）', value, p[name] ?? 0) : value;
    const light = () => {
      for (const row of rows) row.setAttribute('aria-pressed', row === button);
      cells.forEach((cell, i) => cell.classList.toggle('lit', i >= from && i < to));
      note.replaceChildren(h('b', {}, title), ` — ${sentence}`);
    };
    const button = h('button', { type: 'button', class: 'field', 'aria-pressed': false, onfocus: light, onclick: light, onpointerenter: (e) => e.pointerType === 'mouse' && light() },
      h('span', {}, title), h('code', {}, String(shown)));
    return button;
  });
  const list = h('div', { class: 'fields', role: 'group', 'aria-label': say('Header fields', '首部字段') }, rows);
  rove(list, () => rows)(rows[0]);
  root.replaceChildren(
    h('h3', {}, say('Packet {0}', '第 {0} 个包', p.n)), h('p', {}, h('b', {}, labels(p)[0].replace(/^\d+ /, '')), ' — ', describe(p)), actions, list, note,
    h('div', { class: 'hex', role: 'img', 'aria-label': say('{0} bytes in hexadecimal', '{0} 个字节（十六进制）', bytes.length) }, cells,
      bytes.length > most ? h('span', { class: 'rest' }, say('… {0} more', '…… 还有 {0} 字节', bytes.length - most)) : null));
}
