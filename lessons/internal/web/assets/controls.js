// What a reader turns: the course of the scene, what a click does, the wire.

import { h, say } from './dom.js';

const variants = {
  handshake: [['', 'as in the notes', '如笔记所述'], ['refuse', 'nobody listens', '无人监听'], ['backlog', 'nobody accepts', '无人 Accept']],
  teardown: [['', 'as in the notes', '如笔记所述'], ['simultaneous', 'both close at once', '双方同时关闭'], ['unread', 'closed with data unread', '还有数据没读就关闭'], ['linger', 'given up at once', '立即放弃']],
};

export const tools = [
  ['drop', say('Lose', '丢弃'), 'x'], ['delay', say('Delay', '延迟'), 'd'], ['dup', say('Twice', '重复'), 't'], ['look', say('Only look', '只查看'), 'l'],
];

// The sliders and fields: flag, words, kind, and how its value is spelled.
const wire = [
  { flag: 'latency', words: say('Latency, one way', '单程延迟'), min: 1, max: 200, plain: 10, unit: 'ms' },
  { flag: 'loss', words: say('Random loss', '随机丢包'), min: 0, max: 50, plain: 0, unit: '%', spell: (v) => `${v / 100}`, read: (t) => t * 100 },
  { flag: 'msl', words: say('MSL', 'MSL'), min: 1, max: 120, plain: 30, unit: 's' },
  { flag: 'seed', words: say('Seed of chance', '随机种子'), min: 1, max: 9999, plain: 1, unit: '', field: true },
  { flag: 'rwnd', words: say('Receive buffer', '接收缓冲区'), min: 4096, max: 1 << 24, plain: '', unit: say('bytes', '字节'), field: true },
];

// seconds reads a duration of Go's into the unit of a slider.
function read(one, text) {
  if (text === undefined) return one.plain;
  if (one.read) return +one.read(+text).toFixed(2);
  if (!one.unit || one.flag === 'rwnd') return +text;
  const factors = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, ms: 1, s: 1e3, m: 6e4, h: 36e5 };
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) ms += number * factors[unit];
  return ms / factors[one.unit];
}

// makeControls returns { el, tools, tool(), by(), show(exp) }; turn(exp, settled) is
// called with what a reader has made of the experiment.
export function makeControls(scene, now, turn) {
  const parts = [], shows = [];
  if (variants[scene]) {
    const select = h('select', { name: 'variant', onchange: () => turn({ ...clean(now()), variant: select.value || undefined }, true) },
      variants[scene].map(([value, en, zh]) => h('option', { value }, say(en, zh))));
    parts.push(h('label', { class: 'stack' }, h('span', {}, say('What happens', '情形')), select));
    shows.push((exp) => { select.value = exp.variant ?? ''; });
  }
  const by = h('input', { type: 'number', name: 'by', min: 1, max: 60000, value: 300, 'aria-label': say('Delay by milliseconds', '延迟的毫秒数') });
  const toolset = h('fieldset', { class: 'stack' }, h('legend', {}, say('Click or Enter on a packet', '单击包或按 Enter')),
    h('div', { class: 'tools' }, tools.map(([value, words], i) => h('label', { class: `pick ${value}` }, h('input', { type: 'radio', name: 'tool', value, checked: i === 0 }), words)),
      h('label', { class: 'pick' }, by, 'ms')));

  const fields = wire.map((one) => {
    const input = h('input', { type: one.field ? 'number' : 'range', name: one.flag, min: one.min, max: one.max, value: one.plain,
      placeholder: one.flag === 'rwnd' ? say('as the scene wants', '由场景决定') : null });
    const out = one.field ? one.unit : h('output', {});
    const change = (settled) => {
      if (!input.checkValidity()) return input.reportValidity();
      const v = input.value;
      const text = one.spell ? one.spell(v) : one.field ? v : `${v}${one.unit}`;
      turn({ ...now(), [one.flag]: v === '' || +v === one.plain ? undefined : text }, settled);
    };
    input.addEventListener('input', () => { if (!one.field) { out.textContent = `${input.value} ${one.unit}`; change(false); } });
    input.addEventListener('change', () => change(true));
    shows.push((exp) => {
      if (document.activeElement !== input || one.field) input.value = read(one, exp[one.flag]);
      const words = one.field || `${+read(one, exp[one.flag]).toFixed(2)} ${one.unit}`;
      if (!one.field && out.textContent !== words) out.textContent = words;
    });
    return h('label', { class: 'stack' }, h('span', {}, one.words, ' ', one.field ? h('small', {}, one.unit) : out), input);
  });
  const settings = h('details', { class: 'settings' }, h('summary', {}, say('The wire', '线路参数')), h('div', { class: 'grid' }, fields));
  return {
    el: h('div', { class: 'controls' }, parts, settings),
    tools: toolset,
    tool: () => toolset.querySelector(':checked').value,
    by: () => `${Math.max(1, +by.value || 300)}ms`,
    show: (exp) => shows.forEach((show) => show(exp)),
  };
}

// Another course has other packets: what was done to them goes.
const clean = (exp) => ({ ...exp, drop: [], dup: [], delay: {} });
