// Two ways to tell what happened: aloud, and in a note that goes away by itself.

import { ownKey } from './keys.js';

const [LONG_MS, UNDO_MS, SHORT_MS] = [12_000, 8000, 6000];

export function say(text) {
  const live = document.getElementById('live');
  // An unchanged text would not be read again.
  live.textContent = '';
  requestAnimationFrame(() => {
    live.textContent = text;
  });
}

// `undo` is a request that takes it back: {href, values, words, hint}. The focus stays where it is.
// `more` is something else to press: [words, what it does]; it stays for as long as a refusal.
export function note(text, tone = 'ok', undo = null, more = null) {
  const box = document.createElement('div');
  box.className = `toast-note ${tone}`;
  const words = document.createElement('span');
  words.textContent = text;
  box.append(words);
  // One key can mean one thing only: the latest.
  document.querySelector('#toasts [data-key=z]')?.remove();
  if (undo) box.append(undoButton(undo, box));
  if (more) box.append(moreButton(more, box));
  document.getElementById('toasts').append(box);
  say(undo ? `${text} ${undo.hint.replace('{key}', ownKey('z'))}` : text);
  goAway(box, tone === 'bad' || more ? LONG_MS : undo ? UNDO_MS : SHORT_MS);
}

// Nobody loses it while pointing at it or standing on it.
function goAway(box, after) {
  setTimeout(() => {
    if (box.matches(':hover, :focus-within')) goAway(box, 1000);
    else box.remove();
  }, after);
}

// What the page itself came with goes as the others do.
for (const box of document.querySelectorAll('#toasts > .toast-note')) {
  goAway(box, box.querySelector('.bad') ? LONG_MS : box.querySelector('form') ? UNDO_MS : SHORT_MS);
  box.querySelector('form')?.addEventListener('submit', () => setTimeout(() => box.remove()));
}

function moreButton([words, act], box) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-s btn-quiet';
  button.textContent = words;
  button.addEventListener('click', () => {
    box.remove();
    act();
  });
  return button;
}

function undoButton({ href, values, words }, box) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-s btn-quiet';
  button.dataset.key = 'z';
  const key = document.createElement('kbd');
  key.textContent = ownKey('z').toUpperCase();
  key.dataset.own = '';
  button.append(words, ' ', key);
  button.addEventListener('click', () => {
    if (box.contains(document.activeElement)) document.getElementById('main').focus();
    box.remove();
    window.htmx.ajax('POST', href, { values, swap: 'none', target: 'body' });
  });
  return button;
}
