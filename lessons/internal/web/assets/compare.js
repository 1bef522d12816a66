// Lesson 5: the same messages by TCP and by UDP, beside each other.

import { h, s, say, time } from './dom.js';

const height = 220, left = 56, bottom = 40, top = 12;

// drawCompare shows one pair of runs, so many pixels wide, and lets its reader
// choose the loss.
export function drawCompare(root, comparison, room, chosen, choose) {
  const width = Math.max(260, Math.min(room > 784 ? room / 2 - 8 : room, 960));
  const pair = comparison.Pairs[Math.min(chosen, comparison.Pairs.length - 1)];
  const top = Math.max(...[pair.TCP, pair.UDP].flatMap((run) => run.Messages.map(late)), 1e6);
  const tabs = h('fieldset', { class: 'row' }, h('legend', {}, say('Packets lost', '丢包率')),
    comparison.Pairs.map((p, i) => h('label', { class: 'pick' },
      h('input', { type: 'radio', name: 'loss-shown', checked: p === pair, onchange: () => choose(i) }), `${+(p.Loss * 100).toFixed(2)} %`)));
  root.replaceChildren(tabs, h('div', { class: 'beside' },
    panel('TCP', pair.TCP, top, width), panel('UDP', pair.UDP, top, width)),
  h('p', { class: 'legend key' }, h('i', { class: 'came' }, say('arrived', '送达')), h('i', { class: 'overtaken' }, say('overtaken by a later one', '被后面的消息超过')), h('i', { class: 'never' }, say('never arrived', '没有送达'))), table(pair));
}

const late = (m) => (m.Copies ? m.Read - m.Sent : 0);

// panel plots how late each message was; what never came is a cross below.
function panel(name, run, most, width) {
  const n = run.Messages.length;
  const x = (i) => left + ((i + 0.5) / n) * (width - left - 8);
  const y = (d) => height - bottom - (d / most) * (height - top - bottom);
  const lost = run.Messages.filter((m) => !m.Copies).length;
  const svg = s('svg', { class: 'late', viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': say('{0}: {1} of {2} messages arrive, the latest {3} late', '{0}：{2} 条消息送达 {1} 条，最大延迟 {3}', name, n - lost, n, time(Math.max(...run.Messages.map(late)))) });
  for (const part of [0, 0.5, 1]) {
    svg.append(s('line', { class: 'grid', x1: left, x2: width - 8, y1: y(most * part), y2: y(most * part) }),
      s('text', { x: left - 6, y: y(most * part) + 4, 'text-anchor': 'end' }, time(Math.round((most * part) / 1e6) * 1e6)));
  }
  run.Messages.forEach((m, i) => {
    if (m.Copies) svg.append(s('circle', { class: m.Overtaken ? 'overtaken' : 'came', cx: x(i), cy: y(late(m)), r: m.Overtaken ? 3 : 2.4 }));
    else svg.append(s('path', { class: 'never', d: `M${x(i) - 3} ${height - bottom + 6}l6 6m0-6-6 6` }));
  });
  svg.append(s('text', { x: (left + width) / 2, y: height - 6, 'text-anchor': 'middle' }, say('messages, in the order of their sending', '消息，按发送次序')));
  return h('figure', {}, h('figcaption', {}, h('b', {}, name), say(': how late each message is', '：每条消息的延迟')), svg);
}

// table has the numbers of both.
function table({ TCP, UDP }) {
  const came = (run) => run.Messages.filter((m) => m.Copies);
  const median = (run) => { const all = came(run).map(late).sort((a, b) => a - b); return all.length ? time(all[(all.length - 1) >> 1]) : '—'; };
  const rows = [
    [say('messages delivered', '送达的消息'), (r) => came(r).length],
    [say('  overtaken by a later one', '  被后面的消息超过'), (r) => came(r).filter((m) => m.Overtaken).length],
    [say('  delivered more than once', '  重复送达'), (r) => came(r).filter((m) => m.Copies > 1).length],
    [say('late: the median', '延迟中位数'), median],
    [say('late: the latest', '最大延迟'), (r) => (came(r).length ? time(Math.max(...came(r).map(late))) : '—')],
    [say('packets on the wire', '线路上的包'), (r) => r.Packets],
    [say('  sent again', '  重发'), (r) => r.Again],
    [say('  lost', '  丢失'), (r) => r.Lost],
    [say('bytes on the wire', '线路上的字节'), (r) => r.Bytes],
  ];
  return h('table', {}, h('thead', {}, h('tr', {}, h('td', {}), h('th', { scope: 'col' }, 'TCP'), h('th', { scope: 'col' }, 'UDP'))),
    h('tbody', {}, rows.map(([name, of]) => h('tr', {}, h('th', { scope: 'row', class: name.startsWith(' ') ? 'part' : '' }, name.trim()), h('td', {}, of(TCP)), h('td', {}, of(UDP))))));
}
