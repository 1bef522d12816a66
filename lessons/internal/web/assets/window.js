// Lesson 3: the bytes in flight and the windows that limit them, over time.

import { s, h, say, time } from './dom.js';

const height = 230, left = 52, top = 14, bottom = 40;

// drawWindow plots samples, so many pixels wide; it returns what moves the mark
// of the present.
export function drawWindow(root, samples, room) {
  const width = Math.max(260, Math.min(room, 960));
  const svg = s('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' });
  const legend = h('p', { class: 'legend' }, ...[
    ['flight', say('bytes in flight', '在途字节')], ['offered', say('window offered', '对端通告的窗口')], ['cwnd', say('congestion window', '拥塞窗口')],
    ['moment', say('the moment shown', '当前时刻')],
  ].map(([name, words]) => h('span', { class: name }, words)));
  root.replaceChildren(h('h3', {}, say('The window over time', '窗口随时间的变化')), svg, legend);
  if (!samples.length) return () => {};

  const most = Math.max(...samples.map((v) => Math.max(v.InFlight, v.Offered)), 1);
  const places = placesOf(samples);
  const x = (i) => left + (places[i] / places.at(-1)) * (width - left - 12);
  const y = (bytes) => height - bottom - (Math.min(bytes, most) / most) * (height - top - bottom);
  const steps = (of) => samples.map((v, i) => `${i ? 'L' : 'M'}${x(i)} ${y(of(v))}H${x(i + 1)}`).join('');
  const flight = steps((v) => v.InFlight);
  for (const part of [0, 0.5, 1]) {
    svg.append(s('line', { class: 'grid', x1: left, x2: width - 12, y1: y(most * part), y2: y(most * part) }),
      s('text', { x: left - 8, y: y(most * part) + 4, 'text-anchor': 'end' }, Math.round(most * part)));
  }
  svg.append(s('path', { class: 'area', d: `${flight}V${y(0)}H${x(0)}Z` }), s('path', { class: 'flight', d: flight }),
    s('path', { class: 'cwnd', d: steps((v) => v.Cwnd) }), s('path', { class: 'offered', d: steps((v) => v.Offered) }));
  const end = x(samples.length), moment = (at, attrs) => svg.append(s('text', { y: height - 20, ...attrs }, time(at)));
  let free = 0; // where the next time may stand
  samples.forEach((v, i) => {
    if (x(i) < free || x(i) > end - 90 || (i > 0 && v.At - samples[i - 1].At < 1e8)) return;
    free = x(i) + 56;
    moment(v.At, { x: x(i), 'text-anchor': 'middle' });
  });
  moment(samples.at(-1).At, { x: end, 'text-anchor': 'end' });
  svg.append(s('text', { x: (left + end) / 2, y: height - 4, 'text-anchor': 'middle' }, say('time; bursts are stretched, silences shortened', '时间（密集处拉长，空闲处缩短）')));
  const mark = s('line', { class: 'cursor', y1: top, y2: height - bottom });
  svg.append(mark);
  const shut = samples.find((v, i) => i && v.Offered === 0);
  svg.setAttribute('aria-label', say('Up to {0} bytes in flight; ', '在途最多 {0} 字节；', Math.max(...samples.map((v) => v.InFlight))) +
    (shut ? say('the window closes at {0}', '窗口在 {0} 关闭', time(shut.At)) : say('the window never closes', '窗口从未关闭')));
  return (at) => {
    let i = samples.findLastIndex((v) => v.At <= at);
    i = x(Math.max(0, i + 1));
    mark.setAttribute('x1', i); mark.setAttribute('x2', i);
  };
}

// placesOf returns where each sample stands, and where the last one ends: apart
// by the time between them, but no less than 1 and no more than 8, so that both
// a burst and a silence can be seen.
function placesOf(samples) {
  const places = [0];
  samples.forEach((v, i) => {
    const next = samples[i + 1]?.At ?? v.At;
    places.push(places[i] + Math.min(8, 1 + (next - v.At) / 2e7));
  });
  return places;
}
