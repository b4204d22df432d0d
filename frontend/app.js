// What every page needs. All htmx events are handled here, in sheet.js and in board.js.
import './board.js';
import './calls.js';
import { keepCookie } from './cookies.js';
import { keepUnsent } from './kept.js';
import './kept_day.js';
import { onDayKey } from './day.js';
import './deal.js';
import './drafts.js';
import './evidence.js';
import './focus.js';
import './gate.js';
import { isTyping, keyOf, keysAreOn } from './keys.js';
import { onListKey } from './list.js';
import './open.js';
import { isGateway, markOnce, settleOnce } from './once.js';
import { onPeekKey } from './peek.js';
import { note } from './say.js';
import './print.js';
import './process.js';
import './quick_log.js';
import './search.js';
import './row_verbs.js';
import './seconds.js';
import './sheet.js';
import './upload.js';
import './versions.js';
import { onDealKey } from './verbs.js';

const root = document.documentElement;
root.classList.add('js');

const remember = (name, value) => keepCookie(name, value, 365 * 24 * 3600);

// --- htmx -----------------------------------------------------------------------------------

document.addEventListener('htmx:configRequest', (event) => {
  event.detail.headers['X-CSRFToken'] = document.body.dataset.csrf;
  event.detail.headers['X-Reader'] = document.body.dataset.reader ?? '';
  markOnce(event.detail);
});
document.addEventListener('htmx:afterRequest', ({ detail }) => settleOnce(detail));
document.addEventListener('htmx:beforeRequest', () => root.setAttribute('aria-busy', 'true'));
document.addEventListener('htmx:afterRequest', () => root.removeAttribute('aria-busy'));
document.addEventListener('htmx:responseError', (event) => {
  const { status } = event.detail.xhr;
  // A conflict explains itself in the sheet that came with it; a poll tries again by itself.
  if (status === 409 || isPoll(event)) return;
  if (isGateway(status) && keepUnsent(event.detail)) return;
  // So does an answer that brings words of its own.
  if (event.detail.xhr.getResponseHeader('HX-Trigger')) return;
  const { gone, failed, unsure } = document.body.dataset;
  // What the database cannot do now is said as plain text; a page would be that of a proxy.
  const isPlain = event.detail.xhr.getResponseHeader('Content-Type')?.startsWith('text/plain');
  if (status === 503 && isPlain) return note(event.detail.xhr.responseText, 'bad');
  // A gateway that gave up waiting does not know what became of it.
  const isUnsure = isGateway(status) && event.detail.requestConfig.verb === 'post';
  note(status === 404 ? gone : isUnsure ? unsure : failed, 'bad');
});
document.addEventListener('htmx:sendError', (event) => {
  if (isPoll(event) || keepUnsent(event.detail)) return;
  const { offline, unsure } = document.body.dataset;
  const isSent = navigator.onLine && event.detail.requestConfig.verb === 'post';
  note(isSent ? unsure : offline, 'bad');
});
// What nobody asked for must not complain: it would do so every few seconds.
const isPoll = ({ detail }) =>
  detail.requestConfig?.triggeringEvent?.type === 'board-poll' || 'poll' in detail.elt.dataset;

document.addEventListener('toast', ({ detail }) =>
  note(detail.text, detail.tone, detail.undo));

// A menu that is one line on a phone begins with where one is.
for (const here of document.querySelectorAll('.settings-menu [aria-current]')) {
  here.parentElement.scrollLeft = here.offsetLeft - 16;
}

// --- frame ----------------------------------------------------------------------------------

document.addEventListener('click', (event) => {
  const pressed = event.target.closest('button, a, summary');
  // A menu closes when anything outside of it, or something to choose in it, is pressed.
  for (const menu of document.querySelectorAll('details.menu[open], details.filter[open]')) {
    if (!menu.contains(event.target) || pressed?.matches('.menu-item')) menu.open = false;
  }
  if (!pressed) return;
  if (pressed.matches('[data-set-theme]')) setTheme(pressed);
  if (pressed.matches('[data-rail]')) {
    const app = document.getElementById('app');
    const slim = app.querySelector('.rail').offsetWidth > 100;
    app.classList.toggle('slim', slim);
    app.classList.toggle('kept-wide', !slim);
    remember('seven_rail', slim ? 'slim' : 'wide');
  }
  if (pressed.matches('[data-open]')) document.querySelector(pressed.dataset.open).showModal();
});

function setTheme(button) {
  const theme = button.dataset.setTheme;
  if (theme === 'auto') delete root.dataset.bsTheme;
  else root.dataset.bsTheme = theme;
  remember('seven_theme', theme);
  for (const other of button.parentElement.children) {
    other.setAttribute('aria-pressed', String(other === button));
  }
  document.dispatchEvent(new CustomEvent('theme-changed'));
}

// --- keys -----------------------------------------------------------------------------------

const singleKeys = document.querySelector('[data-single-keys]');
singleKeys?.addEventListener('change', () => {
  if (singleKeys.checked) delete document.body.dataset.keysOff;
  else document.body.dataset.keysOff = '';
  const values = singleKeys.checked ? { single_keys: 'on' } : {};
  window.htmx.ajax('POST', singleKeys.dataset.singleKeys, { values, swap: 'none', target: 'body' });
});

let afterG = 0;

document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest('form');
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.key === 'Escape') {
    const menu = document.querySelector('details.menu[open], details.filter[open]');
    if (menu) {
      event.preventDefault();
      menu.open = false;
      menu.querySelector('summary').focus();
    }
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (!keysAreOn() || document.querySelector('dialog[open]')) return;
  const goes = Date.now() - afterG < 1500 && rail(`[data-g="${CSS.escape(keyOf(event, true))}"]`);
  const key = keyOf(event);
  afterG = key === 'g' ? Date.now() : 0;
  if (goes) location.assign(goes.href);
  // A button is pressed by it.
  else if (key === ' ' && event.target.closest('button, summary, input, [role=tab]')) return;
  else if (key && onSingleKey(key)) event.preventDefault();
});

// True where there was something to do by it.
function onSingleKey(key) {
  if (key === ' ') return onPeekKey();
  if (onDayKey(key) || onDealKey(key) || onListKey(key)) return true;
  if (key === 'c') rail('[data-go=new]').click();
  else if (key === '?') document.getElementById('keys').showModal();
  else {
    // What a page has for a key of its own comes before what stands around every page.
    const keyed = `[data-key="${CSS.escape(key)}"]`;
    const wanted = document.querySelector(`#main ${keyed}`) ?? document.querySelector(keyed);
    if (wanted?.matches('input, textarea, select')) wanted.focus();
    else wanted?.click();
    return Boolean(wanted);
  }
  return true;
}

const rail = (entry) => document.querySelector(`.rail ${entry}`);

// One tab stop for a row of steps; the arrow keys move inside of it.
document.addEventListener('keydown', (event) => {
  const row = event.target.closest('[data-roving]');
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!row || !step) return;
  const stops = [...row.querySelectorAll('a, button')];
  const next = stops[(stops.indexOf(event.target) + step + stops.length) % stops.length];
  for (const stop of stops) stop.tabIndex = stop === next ? 0 : -1;
  event.preventDefault();
  next.focus();
});
