// Predict: the diagram stops before each packet and asks what the stack will do.

import { h, say, hostName, stored } from './dom.js';
import { flagsOf } from './sequence.js';
import { statesAt, stateNames } from './states.js';

// questions are what can be asked about packet p: its flags, its numbers, or the
// state of the receiver once it has come.
function question(p, trace, asked) {
  const who = hostName(p.from);
  if (p.protocol !== 'tcp') return undefined;
  const send = trace.events.findIndex((e) => e.kind === 'send' && e.packet === p.n);
  const came = trace.events.findIndex((e) => e.kind === 'deliver' && e.packet === p.n);
  if (asked % 3 === 2 && came >= 0) {
    // All that happens at the receiver in the moment of the arrival counts.
    let last = came;
    while (trace.events[last + 1]?.at === trace.events[came].at && trace.events[last + 1].kind !== 'deliver' && trace.events[last + 1].kind !== 'call') last++;
    const before = statesAt(trace, came - 1).now[p.to], after = statesAt(trace, last).now[p.to];
    return {
      ask: say('{0} sends {1}. The {2} is in {3}. In which state is it when the packet has come?', '{0}发送 {1}。{2}处于 {3}。收到这个包之后，它处于什么状态？', who, flagsOf(p), hostName(p.to), before),
      fields: [['state', 'select', stateNames]],
      want: { state: after },
    };
  }
  if (asked % 3 === 1) {
    return {
      ask: say('The {0} sends {1}{2}. With which numbers? Count from 0 at each SYN.', '{0}发送 {1}{2}。序号和确认号是多少？从各自的 SYN 为 0 数起。', who, flagsOf(p), p.length ? say(' with {0} bytes', '，带 {0} 字节', p.length) : ''),
      fields: [['seq', 'number'], ...(p.flags & 16 ? [['ack', 'number']] : [])],
      want: { seq: String(p.seq ?? 0), ...(p.flags & 16 ? { ack: String(p.ack ?? 0) } : {}) },
    };
  }
  return {
    ask: say('The {0} sends the next packet{1}. Which flags does it have?', '{0}要发下一个包{1}。它带哪些标志？', who, trace.events[send].at > 0 ? say(', packet {0}', '，第 {0} 个', p.n) : ''),
    fields: ['SYN', 'ACK', 'FIN', 'RST'].map((name) => [name, 'checkbox']),
    want: Object.fromEntries(['SYN', 'ACK', 'FIN', 'RST'].map((name) => [name, flagsOf(p).split('+').includes(name)])),
  };
}

// begin asks about one packet after the other. view shows the diagram up to a
// packet: view.before(p), view.after(p); done is called at the end.
export function begin(root, scene, model, view, done) {
  const packets = model.packets.filter((p) => p.protocol === 'tcp');
  let i = 0, right = 0, asked = 0;
  const key = `predict.${scene}`, best = stored.get(key, { right: 0, asked: 0 });
  const score = () => h('p', { class: 'score' }, say('{0} of {1} right', '答对 {0} / {1}', right, asked),
    best.asked ? say(' · best so far: {0} of {1}', ' · 最好成绩：{0} / {1}', best.right, best.asked) : '');

  function ask() {
    const p = packets[i];
    if (!p) return finish();
    view.before(p);
    const q = question(p, model.trace, i);
    const inputs = q.fields.map(([name, type, choices]) => {
      const input = type === 'select' ? h('select', { name }, choices.map((c) => h('option', {}, c))) : h('input', { name, type, ...(type === 'number' ? { min: 0, required: true, inputmode: 'numeric' } : {}) });
      const words = { state: say('state', '状态'), seq: 'seq', ack: 'ack' }[name] ?? name;
      return h('label', { class: type === 'checkbox' ? 'pick' : '' }, type === 'checkbox' ? [input, words] : [`${words} `, input]);
    });
    const form = h('form', { onsubmit: (e) => { e.preventDefault(); judge(p, q, form); } },
      h('fieldset', { class: 'row' }, h('legend', {}, q.ask), inputs, h('button', { type: 'submit', class: 'main' }, say('Answer', '回答'))));
    root.replaceChildren(form, score());
    form.querySelector('input, select').focus({ preventScroll: true });
  }

  function judge(p, q, form) {
    const given = (name) => { const el = form.elements.namedItem(name); return el.type === 'checkbox' ? el.checked : el.value; };
    const ok = Object.entries(q.want).every(([name, want]) => given(name) === want);
    asked++;
    right += ok;
    view.after(p);
    const answer = Object.entries(q.want).filter(([, want]) => want !== false).map(([name, want]) => (want === true ? name : name === 'state' ? want : `${name}=${want}`)).join(' ');
    const next = h('button', { type: 'button', class: 'main', onclick: () => { i++; ask(); } }, say('Next packet', '下一个包'));
    root.replaceChildren(h('p', { class: ok ? 'verdict good' : 'verdict bad', role: 'status' }, ok ? say('✓ Right: {0}', '✓ 正确：{0}', answer) : say('✗ The stack does: {0}', '✗ 协议栈的做法：{0}', answer)), h('div', { class: 'row' }, next), score());
    next.focus({ preventScroll: true });
  }

  function finish() {
    if (right >= best.right) stored.set(key, { right, asked });
    const again = h('button', { type: 'button', onclick: done }, say('Back to the lab', '回到实验'));
    root.replaceChildren(h('p', { class: 'verdict', role: 'status' }, say('That was the last packet. {0} of {1} right.', '这是最后一个包。答对 {0} / {1}。', right, asked)), h('div', { class: 'row' }, again));
    again.focus({ preventScroll: true });
  }
  ask();
}
