// The page's side of the worker that holds the lab.

import { say } from './dom.js';

const patience = 20_000; // ms for one scene
const download = 180_000; // ms more for the first, over a slow line

let worker, last = 0, ready = false;
const waiting = new Map();

function start() {
  worker = new Worker(globalThis.netlabWorker?.() ?? new URL('worker.js', import.meta.url));
  worker.onmessage = ({ data }) => settle(data.id, data.result);
  worker.onerror = (e) => {
    for (const id of [...waiting.keys()]) settle(id, { error: e.message || say('the lab did not start', '实验环境没有启动') });
  };
}

function settle(id, result) {
  const one = waiting.get(id);
  if (!one) return;
  waiting.delete(id);
  ready = true;
  clearTimeout(one.timer);
  if (result.error) one.reject(new Error(result.error));
  else one.resolve(result);
}

function ask(message) {
  if (!worker) start();
  return new Promise((resolve, reject) => {
    const id = ++last;
    const timer = setTimeout(() => { // a scene that never ends must not keep the page
      worker.terminate();
      worker = undefined;
      for (const id of [...waiting.keys()]) settle(id, { error: say('this takes too long; try less loss', '耗时太长，请降低丢包率再试') });
    }, ready ? patience : patience + download);
    waiting.set(id, { resolve, reject, timer });
    worker.postMessage({ id, ...message });
  });
}

// run plays a scene: { json, hash }.
export const run = (scene, flags) => ask({ run: [scene, flags] });

// form returns what was run last in another form, as bytes or as text.
export const bytes = async (name, lang) => (await ask({ form: [name, lang] })).bytes;
export const text = async (name, lang) => new TextDecoder().decode(await bytes(name, lang));
