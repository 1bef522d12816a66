// The lab itself, in a thread of its own: real TCP stacks, built for the
// browser. It answers { id, run: [scene, flags] } and { id, form: [name, language] }.

const offline = typeof labFile === 'string'; // all is in one file, see offline.go
if (!offline) importScripts('wasm_exec.js');

const ready = (async () => {
  const answer = await fetch(offline ? labFile : 'lab.bin'); // lab.wasm, gzipped
  if (!answer.ok) throw new Error(`lab.bin: ${answer.status} ${await answer.text()}`);
  const go = new Go();
  const unpacked = new Response(answer.body.pipeThrough(new DecompressionStream('gzip')), {
    headers: { 'Content-Type': 'application/wasm' },
  });
  const { instance } = await WebAssembly.instantiateStreaming(unpacked, go.importObject);
  go.run(instance); // gives us netlab, and never returns
})();

onmessage = async ({ data }) => {
  try {
    await ready;
    const result = data.run ? netlab.run(...data.run) : netlab.form(...data.form);
    postMessage({ id: data.id, result });
  } catch (err) {
    postMessage({ id: data.id, result: { error: String(err.message ?? err) } });
  }
};
