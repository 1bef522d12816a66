// The TCP state diagram of RFC 9293, figure 5, with both ends' places lit.

import { h, s, say, hostName } from './dom.js';

// Where each state stands, on a field of 340 by 332.
const places = {
  CLOSED: [170, 20], LISTEN: [84, 66], 'SYN-SENT': [262, 66], 'SYN-RECEIVED': [84, 112], ESTABLISHED: [170, 158],
  'FIN-WAIT-1': [78, 206], 'CLOSE-WAIT': [276, 206], 'FIN-WAIT-2': [58, 264], CLOSING: [168, 250], 'LAST-ACK': [282, 264],
  'TIME-WAIT': [112, 312],
};
const ways = [
  ['CLOSED', 'LISTEN'], ['CLOSED', 'SYN-SENT'], ['LISTEN', 'SYN-RECEIVED'], ['SYN-SENT', 'SYN-RECEIVED'], ['SYN-SENT', 'ESTABLISHED'],
  ['SYN-RECEIVED', 'ESTABLISHED'], ['SYN-RECEIVED', 'FIN-WAIT-1'], ['ESTABLISHED', 'FIN-WAIT-1'], ['ESTABLISHED', 'CLOSE-WAIT'],
  ['FIN-WAIT-1', 'FIN-WAIT-2'], ['FIN-WAIT-1', 'CLOSING'], ['CLOSE-WAIT', 'LAST-ACK'], ['FIN-WAIT-2', 'TIME-WAIT'],
  ['CLOSING', 'TIME-WAIT'], ['LAST-ACK', 'CLOSED'], ['TIME-WAIT', 'CLOSED'],
];

export const stateNames = Object.keys(places);

// statesAt returns each host's state after the events up to the given one, and
// all changes until then, as [host, from, to].
export function statesAt(trace, event) {
  const now = {}, walked = [];
  for (const host of trace.hosts) now[host.name] = 'CLOSED';
  for (const e of trace.events.slice(0, event + 1)) {
    if (e.kind !== 'state') continue;
    now[e.host] = e.to;
    walked.push([e.host, e.from, e.to]);
  }
  return { now, walked };
}

// drawStates makes the figure, and returns what shows a moment of the trace in it.
export function drawStates(root) {
  const svg = s('svg', { class: 'states', viewBox: '-26 0 412 332', role: 'img' });
  const lines = new Map(), boxes = new Map();
  svg.append(s('defs', {}, ['tip', 'walked-tip'].map((id) => s('marker', { id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto' },
    s('path', { d: 'M0 0 8 4 0 8z', class: id })))));
  for (const [a, b] of ways) {
    const line = s('path', { class: 'edge', d: path(a, b) });
    lines.set(`${a}>${b}`, line);
    svg.append(line);
  }
  for (const [name, [x, y]] of Object.entries(places)) {
    const marks = s('g', {});
    const box = s('g', { class: 'place', transform: `translate(${x} ${y})` },
      s('rect', { x: -52, y: -13, width: 104, height: 26, rx: 13 }), s('text', { y: 4, 'text-anchor': 'middle' }, name), marks);
    boxes.set(name, { box, marks });
    svg.append(box);
  }
  const legend = h('p', { class: 'legend' }, ...['client', 'server'].map((name) => h('span', {}, h('b', { class: name }, name[0].toUpperCase()), ` ${hostName(name)}`)));
  root.replaceChildren(svg, legend);

  return (trace, event) => {
    const { now, walked } = statesAt(trace, event);
    const gone = new Set(walked.map(([, from, to]) => `${from}>${to}`));
    for (const [name, line] of lines) {
      line.classList.toggle('walked', gone.has(name));
      line.setAttribute('marker-end', gone.has(name) ? 'url(#walked-tip)' : 'url(#tip)');
    }
    for (const { box, marks } of boxes.values()) { box.classList.remove('lit'); marks.replaceChildren(); }
    trace.hosts.forEach((host, i) => {
      const at = boxes.get(now[host.name]);
      if (!at) return;
      at.box.classList.add('lit');
      const x = i ? 51 : -51;
      at.marks.append(s('circle', { class: host.name, cx: x, cy: -11, r: 9 }), s('text', { class: 'mark', x, y: -7, 'text-anchor': 'middle' }, host.name[0].toUpperCase()));
    });
    svg.setAttribute('aria-label', say('TCP states: client in {0}, server in {1}', 'TCP 状态：客户端 {0}，服务器 {1}', now.client, now.server));
  };
}

function path(a, b) {
  const [x1, y1] = places[a], [x2, y2] = places[b];
  if (b === 'CLOSED') { // back to the top, around the outside
    return a === 'LAST-ACK' ? `M334 ${y1}C410 ${y1} 410 20 224 20` : `M60 ${y1}C-50 ${y1} -60 20 116 20`;
  }
  if (y1 === y2) return `M${x1 + Math.sign(x2 - x1) * 52} ${y1}L${x2 - Math.sign(x2 - x1) * 54} ${y2}`;
  const lean = Math.max(-30, Math.min(30, (x2 - x1) / 3));
  return `M${x1 + lean} ${y1 + 13}L${x2 - lean} ${y2 - 15}`;
}
