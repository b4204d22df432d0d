// Two ways to tell what happened: aloud, and in a note that goes away by itself.

export function say(text) {
  const live = document.getElementById('live');
  // An unchanged text would not be read again.
  live.textContent = '';
  requestAnimationFrame(() => {
    live.textContent = text;
  });
}

export function note(text, tone = 'ok') {
  const box = document.createElement('div');
  box.className = `toast-note ${tone}`;
  box.textContent = text;
  document.getElementById('toasts').append(box);
  say(text);
  setTimeout(() => box.remove(), tone === 'bad' ? 12000 : 6000);
}
