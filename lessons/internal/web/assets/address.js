// An experiment, and its three spellings: the address, the flags, the command.
// All use the names of cmd/wire's flags.

const values = ['variant', 'latency', 'loss', 'seed', 'rwnd', 'msl']; // one value each
const lists = ['drop', 'dup']; // packets

export const plain = () => ({ drop: [], dup: [], delay: {} });

// parse reads an experiment from what follows the # of an address. What it does
// not know it passes over: the engine judges the values.
export function parse(hash) {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const exp = plain();
  for (const key of values) if (query.get(key)) exp[key] = query.get(key);
  for (const key of lists) {
    exp[key] = (query.get(key) ?? '').split(',').map(Number).filter((n) => n > 0);
  }
  for (const part of (query.get('delay') ?? '').split(',')) {
    const [n, by] = part.split('=');
    if (n > 0 && by) exp.delay[n] = by;
  }
  return exp;
}

// pairs are the flags that differ from none, and their values.
function pairs(exp) {
  const all = [];
  for (const key of values) if (exp[key]) all.push([key, exp[key]]);
  for (const key of lists) {
    if (exp[key].length) all.push([key, [...exp[key]].sort((a, b) => a - b).join(',')]);
  }
  const late = Object.entries(exp.delay).map(([n, by]) => `${n}=${by}`);
  if (late.length) all.push(['delay', late.join(',')]);
  return all;
}

export const flags = (exp) => pairs(exp).flatMap(([key, value]) => [`-${key}`, value]);

// hash is the experiment as an address, '' for the plain one.
export const hash = (exp) =>
  pairs(exp).map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%2C/g, ',').replace(/%3D/g, '=')}`).join('&');

// isExperiment tells an experiment from the name of a heading.
export const isExperiment = (fragment) => fragment.length < 2 || fragment.includes('=');

// command is the line that plays the experiment in a terminal. A value of an
// address is anybody's: what a shell might read is put in quotes.
const quote = (value) => (/^[\w.,=:-]+$/.test(value) ? value : `'${value.replace(/'/g, `'\\''`)}'`);

export const command = (scene, exp, more = []) =>
  ['go run ./tcp-handshake/cmd/wire', scene, ...flags(exp).map(quote), ...more].join(' ');

// fate is what the experiment does to packet n: drop, dup, delay or ''.
export function fate(exp, n) {
  if (exp.drop.includes(n)) return 'drop';
  if (exp.dup.includes(n)) return 'dup';
  return exp.delay[n] ? 'delay' : '';
}

// withFate returns the experiment with another fate for packet n.
export function withFate(exp, n, what, by = '300ms') {
  const next = { ...exp, drop: exp.drop.filter((m) => m !== n), dup: exp.dup.filter((m) => m !== n), delay: { ...exp.delay } };
  delete next.delay[n];
  if (what === 'drop') next.drop.push(n);
  if (what === 'dup') next.dup.push(n);
  if (what === 'delay') next.delay[n] = by;
  return next;
}
