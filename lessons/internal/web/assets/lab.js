// The lab in the page: it plays a scene in the browser, draws everything from
// the trace, and plays it anew whenever its reader changes the experiment.

import { h, say, lang, announce, rove, columns } from './dom.js';
import * as address from './address.js';
import * as engine from './engine.js';
import { layOut, draw, changed } from './sequence.js';
import { drawStates } from './states.js';
import { drawWindow } from './window.js';
import { drawCompare } from './compare.js';
import { show as showPacket } from './packet.js';
import { makeControls, tools } from './controls.js';
import { makePlayer } from './player.js';
import { makeKeep } from './keep.js';
import { begin } from './predict.js';

const root = document.getElementById('lab');
const scene = root.dataset.scene;
const comparing = scene === 'compare';

let exp = address.plain(); // what is shown
let trace, model, before, picture, comparison, samples, chosen = Infinity;
let width = 0, room = 0; // of the diagram and of the whole lab: kept, for asking costs a layout
let looked = 0, detailed, toScale = false, last = -1, predicting = false, presentWindow = () => {};

// The parts of the page, from top to bottom.
const controls = makeControls(scene, () => exp, (next, settled) => change(next, settled));
const player = makePlayer((y, event) => {
  picture?.until(y);
  present(event);
});
const keep = makeKeep(scene);
const button = (words, onclick, more) => h('button', { type: 'button', onclick, ...more }, words);
const reset = button(say('Start over', '重新开始'), () => change(address.plain(), true));
const predict = button(say('Predict', '预测'), () => (predicting ? endPredict() : startPredict()), { 'aria-pressed': false });
const scale = h('input', { type: 'checkbox', onchange: () => { toScale = scale.checked; redraw(); } });
const alert = h('p', { class: 'alert', role: 'alert', hidden: true });
const told = h('div', { class: 'told' });
const difference = h('p', { class: 'difference', role: 'status' }, say('Click a packet, or press Enter on it: it is lost, and the connection is played anew.', '单击一个包，或在它上面按 Enter：它就会丢失，整个连接重新运行。'));
const diagram = h('div', { class: 'diagram' });
const states = h('div', { class: 'card' });
const packet = h('div', { class: 'card packet-card' });
const plot = h('div', { class: 'plots', hidden: true });
const asking = h('div', { class: 'asking', hidden: true });
const text = h('pre', { tabindex: 0 });
const asText = h('details', {}, h('summary', {}, say('As text', '文本形式')), text);
asText.addEventListener('toggle', () => asText.open && writeText());
const presentStates = drawStates(states);
states.prepend(h('h3', {}, say('Where the two ends are', '两端所处的状态')));
const settle = rove(diagram, () => picture?.groups ?? []);

const bar = h('div', { class: 'bar' }, h('div', { class: 'row' }, controls.tools, h('span', { class: 'push' }), predict, reset),
  h('div', { class: 'row' }, player.el, h('label', { class: 'pick' }, scale, say('to scale', '按时间比例'))));
const stage = h('div', { class: 'stage' }, h('div', {}, diagram, told), h('div', { class: 'side' }, states, packet));
const heading = h('h2', { class: 'unseen', id: 'lab-title' }, say('The lab', '实验台'));
const packets = comparing ? h('details', { class: 'packets' }, h('summary', {}, say('The packets of TCP, where most is lost', '丢包最多时 TCP 的各个包')), bar, asking, difference, stage) : null;
const parts = comparing ? [heading, controls.el, plot, packets, keep.el, asText]
  : [heading, controls.el, bar, asking, difference, scene === 'window' && plot, stage, keep.el, asText];
packets?.addEventListener('toggle', () => packets.open && trace && (measure(), redraw()));

// change makes another experiment the present one; settled is false while a
// slider still moves.
function change(next, settled) {
  exp = next;
  if (settled) {
    const fragment = address.hash(exp);
    const to = location.pathname + location.search + (fragment && `#${fragment}`);
    if (address.hash(address.parse(location.hash)) !== fragment) {
      try { history.pushState(null, '', to); } catch { location.hash = fragment; } // file:// forbids the first
    }
  }
  return play();
}

// restore is for a new address: Back, Forward, a link, or somebody's typing.
function restore() {
  if (!address.isExperiment(location.hash)) return;
  const next = address.parse(location.hash);
  if (address.hash(next) !== address.hash(exp)) {
    exp = next;
    play();
  }
}

// play plays the present experiment. What was asked for while one is being
// played is played after it, but only the last of that.
let busy = false, again = false;
async function play() {
  again = busy;
  if (busy) return;
  busy = true;
  root.setAttribute('aria-busy', 'true');
  try {
    do {
      again = false;
      await playOnce(exp);
    } while (again);
  } finally {
    busy = false;
    root.setAttribute('aria-busy', 'false');
  }
}

async function playOnce(exp) {
  controls.show(exp);
  let played, sentences;
  try {
    // All is asked for at once: the worker answers in turn, and nothing waits for a way back.
    const form = async (name) => JSON.parse(await engine.text(name, lang));
    const [{ json, hash }, ...forms] = await Promise.all([engine.run(scene, address.flags(exp)),
      form('tell'), comparing && form('trace'), scene === 'window' && form('samples')]);
    [sentences, played, samples] = forms;
    played ||= JSON.parse(json);
    if (comparing) comparison = JSON.parse(json);
    keep.show(exp, hash);
    root.dataset.hash = hash;
    alert.hidden = true;
  } catch (err) {
    alert.textContent = err.message;
    alert.hidden = false;
    starting.textContent = '';
    return;
  }
  if (predicting) endPredict();
  before = model && model.variant === exp.variant ? model : undefined;
  trace = played;
  unveil();
  if (!room) measure();
  redraw(true);
  told.replaceChildren(h('h3', {}, say('What happened', '发生了什么')), h('ul', {}, sentences.map((line) => h('li', {}, line))));
  told.hidden = sentences.length === 0;
  drawPlot();
  plot.hidden = !samples && !comparing;
  if (asText.open) await writeText();
  player.to(player.y);
  root.dataset.played = Number(root.dataset.played ?? 0) + 1;
}

function drawPlot() {
  last = -1; // what was redrawn shows no moment yet
  if (samples) presentWindow = drawWindow(plot, samples, room);
  if (!comparing) return;
  drawCompare(plot, comparison, room, Math.min(chosen, comparison.Pairs.length - 1), (i) => {
    chosen = i;
    drawPlot();
    plot.querySelector(':checked').focus();
  });
}

async function writeText() {
  text.replaceChildren(...columns(await engine.text('text', lang)));
}

// redraw draws the trace; if it is a new one, it marks what differs from before.
function redraw(isNew) {
  const held = diagram.contains(document.activeElement);
  model = layOut(trace, toScale);
  model.variant = exp.variant;
  if (comparing && !packets.open) { player.load(model); return; }
  let fresh;
  if (isNew && before) {
    const diff = changed(before, model);
    fresh = diff.fresh;
    const words = fresh.size || diff.gone
      ? say('Compared with before, marked: {0} new or changed, {1} gone.', '与之前相比（已标出）：{0} 个包是新的或有变化，{1} 个不再出现。', fresh.size, diff.gone)
      : say('The same packets as before.', '与之前的包完全相同。');
    difference.textContent = words;
  }
  picture = draw(diagram, model, { width, fresh, fate: (n) => address.fate(exp, n) }, { pick, look, key });
  player.load(model);
  if (looked > model.packets.length) looked = 0;
  const group = picture.groups[Math.max(looked, 1) - 1];
  if (group) settle(group);
  if (looked) {
    look(looked);
    if (held) picture.groups[looked - 1].focus({ preventScroll: true });
  } else if (model.packets.length) {
    detail(1);
  }
}

// present shows the moment after an event of the trace.
function present(event) {
  if (!trace || event === last && event !== trace.events.length - 1) return;
  last = event;
  presentStates(trace, event);
  presentWindow(trace.events[event]?.at ?? 0);
}

// pick does to packet n what the chosen tool does; once more takes it back.
function pick(n) {
  const tool = controls.tool();
  if (predicting || tool === 'look') return look(n);
  alter(n, address.fate(exp, n) === tool ? '' : tool);
}

async function alter(n, what) {
  looked = n;
  await change(address.withFate(exp, n, what, controls.by()), true);
  const now = { drop: say('Packet {0} is lost now', '第 {0} 个包现在会丢失', n), delay: say('Packet {0} is delayed now', '第 {0} 个包现在会延迟', n), dup: say('Packet {0} arrives twice now', '第 {0} 个包现在会送达两次', n) };
  announce(now[what] ?? say('Packet {0} passes again', '第 {0} 个包恢复正常', n));
}

function key(n, e) {
  const name = e.key === 'Delete' ? 'x' : e.key;
  const tool = tools.find(([, , letter]) => letter === name)?.[0];
  if (e.ctrlKey || e.metaKey || e.altKey || predicting) return;
  if (name === 'p') alter(n, '');
  else if (tool && tool !== 'look') alter(n, tool);
  else return;
  e.preventDefault();
}

// look shows packet n, and where the two ends are when it has come.
function look(n) {
  if (predicting) return;
  looked = n;
  picture.look(n);
  const p = detail(n);
  if (player.y === Infinity) {
    let event = 0;
    for (const step of model.steps) if (step.y <= p.bottom) event = step.event;
    while (trace.events[event + 1] && ['state', 'info'].includes(trace.events[event + 1].kind)) event++;
    present(event);
  }
}

// detail shows the fields of packet n, and leaves them alone if they are there.
function detail(n) {
  const p = model.packets[n - 1];
  if (p !== detailed) showPacket(packet, p, actions(n));
  detailed = p;
  return p;
}

function actions(n) {
  const fate = address.fate(exp, n);
  const one = (what, words) => button(words, () => alter(n, what), { 'aria-pressed': fate === what, class: what || 'pass' });
  return h('div', { class: 'row', role: 'group', 'aria-label': say('What becomes of it', '如何处置') },
    one('drop', say('Lose', '丢弃')), one('delay', say('Delay', '延迟')), one('dup', say('Twice', '重复')), one('', say('Let pass', '放行')));
}

function startPredict() {
  predicting = true;
  predict.setAttribute('aria-pressed', true);
  asking.hidden = false;
  stage.classList.add('hiding');
  told.hidden = true;
  begin(asking, scene, model, {
    before: (p) => player.to(p.y - 24),
    after: (p) => player.to(p.bottom + 3),
  }, endPredict);
}

function endPredict() {
  predicting = false;
  predict.setAttribute('aria-pressed', false);
  asking.hidden = true;
  stage.classList.remove('hiding');
  told.hidden = comparing;
  player.end();
  predict.focus({ preventScroll: true });
}

function measure() {
  width = diagram.clientWidth;
  room = live.clientWidth;
}
const resized = new ResizeObserver(() => {
  const drawn = [width, room].join();
  measure();
  if (!room || [width, room].join() === drawn) return;
  drawPlot();
  redraw();
});
addEventListener('popstate', restore);
addEventListener('hashchange', restore);

// The recorded diagram stays until the lab runs.
const starting = h('p', { class: 'starting', role: 'status' }, say('Starting two TCP stacks in your browser …', '正在浏览器里启动两个 TCP 协议栈……'));
const live = h('div', { class: 'live', hidden: true }, parts);
root.querySelector('.recorded > .note')?.remove();
root.prepend(starting, alert);
root.append(live);
function unveil() {
  if (!live.hidden) return;
  live.hidden = false;
  starting.remove();
  root.querySelector('.recorded')?.remove();
}
resized.observe(diagram);
resized.observe(live);
if (address.isExperiment(location.hash)) exp = address.parse(location.hash);
play();
