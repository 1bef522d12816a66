// The exercise's check, started from the page; only where the course is served
// from the reader's own working copy.

import { columns } from './dom.js';

const box = document.getElementById('check');
const button = box.querySelector('button'), out = box.querySelector('pre'), verdict = box.querySelector('.verdict');

button.addEventListener('click', async () => {
  button.disabled = true;
  out.hidden = false;
  out.textContent = verdict.textContent = '';
  try {
    const answer = await fetch(box.dataset.url, { method: 'POST', headers: { 'X-Token': box.dataset.token } });
    if (!answer.ok) throw new Error(await answer.text());
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let whole = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      whole += value;
      out.replaceChildren(...columns(whole.replace(/\n?\x04.*$/s, ''))); // what follows ends the stream: the exit status
      out.scrollTop = out.scrollHeight;
    }
    const passed = /\x04 0$/.test(whole);
    verdict.textContent = passed ? box.dataset.passed : box.dataset.failed;
    verdict.className = `verdict ${passed ? 'good' : 'bad'}`;
  } catch (err) {
    verdict.textContent = String(err.message ?? err);
    verdict.className = 'verdict bad';
  }
  button.disabled = false;
});
