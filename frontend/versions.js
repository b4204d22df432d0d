// Nobody is in his or her own way. What changes a record says which version of it the page has shown; what is
// pressed again before the page has got the answer would say that of before. So the very same, while it is under
// way or until the page shows that it was done, is the same press, and goes nowhere. Anything else with the version
// of that record waits, and says the one that the answer told: between the two there was nobody else. What says
// `seen` speaks of its own line alone, and waits for nothing.
import { keepForForm } from './drafts.js';

const SAYS_VERSION = ['version', 'seen'];
const OF_THE_PAGE = ['csrfmiddlewaretoken', 'idempotency_key', 'said_at'];
const MOST_DONE = 50;

const asked = new Map(); // by address: what was pressed there last
const underWay = new Set(); // what was sent: of which record, with which version, by which press
const waiting = []; // what is done once that has its answer
const done = []; // what made a new version, the latest last
const became = new Map(); // by record and version: the next one, which came of what was sent from here
const sheets = new WeakMap(); // by form: which opening of the sheet it came with
let opened = 0;

const recordOf = (path) => /^\/[a-z]+\/\d+\//.exec(new URL(path, location.href).pathname)?.[0] ?? path;
const isUnderWay = (record) => [...underWay].some((one) => one.record === record && one.version);

// What is said at this moment: until it goes, somebody may type on, or the form may be gone.
function valuesOf({ elt, etc, triggeringEvent }) {
  const given = etc?.values;
  if (given) return given instanceof FormData ? given : Object.entries(given);
  const form = elt.closest('form');
  if (!form) return [];
  const values = new FormData(form);
  const button = triggeringEvent?.submitter ?? elt;
  if (button.matches('button[name]')) values.append(button.name, button.value);
  return values;
}

// Who opens a sheet anew and says the same in it means it twice.
function sheetOf(elt) {
  const form = elt.closest('#sheet form');
  if (!form) return '';
  if (!sheets.has(form)) sheets.set(form, (opened += 1));
  return sheets.get(form);
}

document.addEventListener('htmx:confirm', (event) => {
  const { elt, verb, path } = event.detail;
  if (verb !== 'post') return;
  const values = valuesOf(event.detail);
  const said = [...values].filter(([name, value]) => !OF_THE_PAGE.includes(name) && typeof value !== 'object');
  const names = said.map(([name]) => name);
  if (!names.some((name) => SAYS_VERSION.includes(name))) return;
  const record = recordOf(path);
  const press = `${path} ${sheetOf(elt)} ${JSON.stringify(said)}`;
  const isSame = (one) => one.press === press;
  if ([...underWay, ...waiting].some(isSame) || done.includes(press)) {
    event.preventDefault();
  } else if (names.includes('version') && isUnderWay(record)) {
    event.preventDefault();
    waiting.push({ record, press, go: later(event.detail, values, press) });
  } else asked.set(path, press);
});

// Sends what was pressed as it was pressed, also from a form that has left the page since.
function later({ elt, target, path, etc, issueRequest }, values, press) {
  const swap = etc.swapOverride ?? elt.closest('[hx-swap]')?.getAttribute('hx-swap');
  const action = elt.closest('form')?.getAttribute('action');
  if (values instanceof FormData) {
    for (const name of ['csrfmiddlewaretoken', 'idempotency_key']) values.delete(name);
    etc.values = values;
  }
  return () => {
    asked.set(path, press);
    if (elt.isConnected) issueRequest(true);
    else sendAlone(path, { target, swap, values: etc.values }, action);
  };
}

function sendAlone(path, { target, swap, values }, action) {
  const source = document.createElement('form');
  source.hidden = true;
  if (values instanceof FormData && [...values.values()].some((value) => value instanceof File)) {
    source.enctype = 'multipart/form-data';
  }
  document.body.append(source);
  source.addEventListener('htmx:afterOnLoad', ({ detail: { xhr } }) => {
    if (action && xhr.status < 400) keepForForm(action, null);
  });
  // Where it stood there is something else by now: what is wrong with it is told at the side.
  const place = target.isConnected ? { target, swap } : { target: '#sheet', swap: 'innerHTML' };
  window.htmx
    .ajax('POST', path, { source, values, ...place })
    .catch(() => {})
    .finally(() => source.remove());
}

document.addEventListener('htmx:configRequest', ({ detail: { verb, path, formData } }) => {
  if (verb !== 'post' || !formData.has('version')) return;
  const record = recordOf(path);
  let version = formData.get('version');
  while (became.has(`${record} ${version}`)) version = became.get(`${record} ${version}`);
  formData.set('version', version);
});

document.addEventListener('htmx:beforeSend', ({ detail: { elt, requestConfig, xhr } }) => {
  const { verb, path, formData } = requestConfig;
  if (verb !== 'post' || !SAYS_VERSION.some((name) => formData.has(name))) return;
  const one = { record: recordOf(path), version: formData.get('version'), press: asked.get(path) };
  underWay.add(one);
  let isGone = false;
  // Before htmx has it.
  xhr.addEventListener('readystatechange', () => {
    if (xhr.readyState !== XMLHttpRequest.DONE) return;
    isGone = !elt.isConnected;
    // It was not taken, and is sent once more with that token (drafts.js).
    if (xhr.status === 403 && xhr.getResponseHeader('X-CSRFToken')) underWay.delete(one);
    const { id, version } = told(xhr)['deal-changed'] ?? {};
    if (one.version && one.record === `/deals/${id}/` && Number(version) > Number(one.version)) {
      became.set(`${one.record} ${one.version}`, String(version));
      done.push(one.press);
      if (done.length > MOST_DONE) done.shift();
    }
  });
  xhr.addEventListener('loadend', () => {
    underWay.delete(one);
    // From an element that has left the page htmx tells nobody.
    if (isGone) for (const [name, what] of Object.entries(told(xhr))) window.htmx.trigger(document.body, name, what);
    if (isUnderWay(one.record)) return;
    const next = waiting.findIndex(({ record }) => record === one.record);
    if (next >= 0) waiting.splice(next, 1)[0].go();
  });
});

function told(xhr) {
  const text = xhr.getResponseHeader('HX-Trigger') ?? '';
  return text.startsWith('{') ? JSON.parse(text) : {};
}
