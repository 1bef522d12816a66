// What a reader takes along: the address, the command, files.

import { h, say, lang, announce } from './dom.js';
import { command } from './address.js';
import { bytes } from './engine.js';

const files = [['pcapng', 'pcapng', 'application/octet-stream'], ['svg', 'SVG', 'image/svg+xml'], ['json', 'JSON', 'application/json'], ['text', say('text', '文本'), 'text/plain']];

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    announce(said);
  } catch {
    prompt(say('Copy this:', '请复制：'), text);
  }
}

// makeKeep returns { el, show(exp, hash) }.
export function makeKeep(scene) {
  let exp, line;
  const shown = h('code', { class: 'command', tabindex: 0 });
  const hash = h('code', { class: 'hash' });
  const button = (words, onclick, more) => h('button', { type: 'button', onclick, ...more }, words);
  const download = async (form, type) => {
    const blob = new Blob([await bytes(form, lang)], { type });
    const a = h('a', { href: URL.createObjectURL(blob), download: `${scene}.${form === 'text' ? 'txt' : form}` });
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
  };
  const el = h('div', { class: 'keep' },
    h('h3', {}, say('Take it along', '带走这个实验')),
    h('p', {}, say('The same experiment in a terminal, packet for packet:', '在终端里做同样的实验，每个包都一样：')),
    h('div', { class: 'row' }, shown),
    h('div', { class: 'row' },
      button(say('Copy as command', '复制为命令'), () => copy(line, say('Command copied', '命令已复制')), { 'data-copy': 'command' }),
      button(say('… that prints JSON', '复制为输出 JSON 的命令'), () => copy(command(scene, exp, ['-json']), say('Command copied', '命令已复制')), { 'data-copy': 'json' }),
      button(say('Copy address', '复制网址'), () => copy(location.href, say('Address copied', '网址已复制'))),
      h('span', { class: 'label' }, say('Download:', '下载：')), files.map(([form, words, type]) => button(words, () => download(form, type), { 'data-form': form }))),
    h('p', { class: 'label' }, say('SHA-256 of the trace as JSON: ', 'JSON 记录的 SHA-256：'), hash));
  return {
    el,
    show(now, sum) {
      exp = now;
      line = command(scene, exp);
      shown.textContent = line;
      shown.dataset.json = command(scene, exp, ['-json']);
      hash.textContent = sum.slice(0, 16) + '…';
      hash.title = sum;
    },
  };
}
