// Without a line: what was logged is kept in this browser, for the person who logged it, and sent once when
// there is a line again. Each entry keeps the idempotency key with which it was sent, or will be, so that it
// counts once even where only the answer was lost. Nothing is sent in another person's name.
import { keepForForm, sayWhen } from './drafts.js';
import { newKey } from './once.js';
import { note, say } from './say.js';
import { closeSheet } from './sheet.js';

const me = (document.body.dataset.reader ?? '').split(':')[0];
const PREFIX = `seven-kept:${me}:`;
const AGAIN_MS = 15_000;
const ANSWERS_WITHIN_MS = 30_000;
// The server remembers keys, and believes when something was said, for a day or so longer.
const OLDEST_MS = 29 * 24 * 3600 * 1000;
// What a server cannot do this often, it will not do by being asked once more.
const MOST_FAILURES = 3;
const OF_THE_PAGE = ['csrfmiddlewaretoken', 'reader', 'said_at'];
const box = document.getElementById('kept-list');
const chip = document.getElementById('kept');
const words = (name, n = '') => box.dataset[name].replace('{n}', n);

// --- the store ------------------------------------------------------------------------------------

function entries() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => JSON.parse(localStorage.getItem(key)))
      .sort((one, other) => one.at - other.at);
  } catch {
    return [];
  }
}

function store(entry) {
  try {
    localStorage.setItem(PREFIX + entry.key, JSON.stringify(entry));
    return true;
  } catch {
    return false; // full, or forbidden: then it stays in its form
  }
}

function forget(entry) {
  localStorage.removeItem(PREFIX + entry.key);
}

// When it was said tells an entry and the form in which it is opened again as the same.
const whenOf = ({ fields, at }) => new Map(fields).get('said_at') || String(at);
const openedOf = (when) => entries().filter((entry) => entry.refused && whenOf(entry) === when);

function forgetOpened(when) {
  const opened = when ? openedOf(when) : [];
  for (const entry of opened) forget(entry);
  if (opened.length) draw();
}

// --- keeping --------------------------------------------------------------------------------------

const textOf = (element) => element?.textContent.trim().replace(/\s+/g, ' ') ?? '';

function about(form) {
  const chosen = form.querySelector('select[name=deal] option:checked, select[name=at_deal] option:checked');
  return form.dataset.kept || (chosen?.value && chosen.value !== '?' ? textOf(chosen) : '') || words('noDeal');
}

function summary(form, fields) {
  const pick = (name) => textOf(form.querySelector(`[name=${name}]:checked`)?.closest('label')?.querySelector('span'));
  const said = fields.get('body') || fields.get('line') || '';
  return [pick('kind'), pick('result'), said].filter(Boolean).join(' · ');
}

const moves = (fields) =>
  fields.get('result') === 'moved_forward' || fields.has('move') || fields.has('advance') || fields.has('asks');

// True where it is kept now. What moves a deal needs its gates, and so a line.
function keep(form, path, fields, { tried = false } = {}) {
  if (me === '') return false;
  if (moves(fields)) {
    note(words('moves'), 'bad');
    return false;
  }
  const key = fields.get('idempotency_key') || newKey();
  const at = Number(fields.get('said_at')) || Date.now();
  const said = [...fields].filter(([name, value]) => !OF_THE_PAGE.includes(name) && typeof value === 'string');
  said.push(['said_at', String(at)]);
  const entry = { key, at, path, fields: said, about: about(form), words: summary(form, fields), tried };
  if (!store(entry)) {
    // What was tried is told of where it failed.
    if (!tried) note(words('full'), 'bad');
    return false;
  }
  forgetOpened(String(at));
  giveBack(form, path);
  draw();
  note(words('kept'));
  plan();
  return true;
}

// The place where it was written is as it would be once it is logged.
function giveBack(form, path) {
  keepForForm(path, null);
  const row = form.closest('.day-row');
  if (form.closest('#sheet')) closeSheet();
  else if (row) {
    form.remove();
    row.classList.remove('on');
    row.querySelector('h2 a')?.focus();
  } else {
    form.reset();
    sayWhen(form, null);
    if (form.elements.idempotency_key) form.elements.idempotency_key.value = newKey();
  }
  markRows();
}

document.addEventListener(
  'submit',
  (event) => {
    const form = event.target;
    const isOwn = form.matches('[data-kept-form]');
    if (!isOwn && (navigator.onLine || !form.matches('form[data-kept]'))) return;
    // Another button of the form that goes elsewhere.
    if (event.submitter?.hasAttribute('formaction')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const fields = new FormData(form, event.submitter);
    const path = isOwn ? '/log/' : form.getAttribute('hx-post');
    if (isOwn && !fields.get('at_deal') && !fields.get('who')) fields.set('fixed', 'kind,result,body,next');
    keep(form, path, fields);
  },
  true,
);

// What could not be sent, or got no answer. True where it is taken care of here.
export function keepUnsent({ elt, requestConfig, pathInfo }) {
  if (!box) return false;
  const { verb, formData } = requestConfig;
  if (verb === 'post') {
    return elt.matches('form[data-kept]') && keep(elt, requestConfig.path, formData, { tried: true });
  }
  return logWithoutLine(new URL(pathInfo.finalRequestPath, location.href));
}

// --- a log that needs no page from the server -----------------------------------------------------

function logWithoutLine({ pathname, searchParams }) {
  const opened = pathname === '/day/' && searchParams.get('open');
  // Done, in a list or on the board: what is planned there is not known, but that something was done is.
  const done = /^\/deals\/(\d+)\/done\/$/.exec(pathname)?.[1];
  if (pathname !== '/log/' && !opened && !done) return false;
  // What is opened again may say more than this form can: it stays in the list until there is a line.
  if (openedOf(searchParams.get('said_at')).length) return false;
  const kept = document.getElementById('kept-log');
  if (!kept) return false;
  const form = kept.content.cloneNode(true).querySelector('section');
  const row = opened ? document.querySelector(`.day-row[data-row="${CSS.escape(opened)}"]`) : null;
  const said = Object.fromEntries(searchParams);
  const deal = row?.dataset.deal ?? said.at_deal ?? done ?? '';
  const fields = form.querySelector('form').elements;
  const shown = done && document.querySelector(`[data-deal="${done}"] th a, #d${done} h3`);
  fillDeals(fields.at_deal, deal, nameOf(row) || textOf(shown || document.querySelector('h1 bdi')));
  for (const name of ['who', 'said_at']) fields[name].value = said[name] ?? '';
  if (said.at_contact) fields.who.value = `contact:${said.at_contact}`;
  if (said.at_company) fields.who.value = `company:${said.at_company}`;
  fields.fixed.value = fields.who.value ? 'kind,who,deal,result,body,next' : 'kind,deal,result,body,next';
  fields.idempotency_key.value = newKey();
  document.getElementById('sheet').replaceChildren(form);
  form.querySelector('[name=result]').focus();
  return true;
}

// Of a row of the day: whose it is and what is sold there; else what is to be done.
const nameOf = (row) => textOf(row?.querySelector('.item > .row-x .t3')) || textOf(row?.querySelector('h2'));

// Those that the page knows of.
function fillDeals(select, deal, name) {
  const known = new Map(deal ? [[deal, name]] : []);
  for (const row of document.querySelectorAll('.day-row[data-deal]')) {
    if (!known.has(row.dataset.deal)) known.set(row.dataset.deal, nameOf(row));
  }
  for (const [id, text] of known) select.add(new Option(text, id, id === deal, id === deal));
}

// The deal is chosen in one field, and sent as the quick log's own form sends it.
document.addEventListener('formdata', ({ target, formData }) => {
  if (!target.matches('[data-kept-form]')) return;
  formData.set('deal', formData.get('at_deal') ?? '');
  if (!formData.get('who')) formData.delete('who');
});

// --- sending --------------------------------------------------------------------------------------

let timer = 0;
let state = '';

const waiting = () => entries().filter((entry) => !entry.refused);

function plan() {
  clearTimeout(timer);
  if (waiting().length) timer = setTimeout(flush, AGAIN_MS);
}

// One tab at a time, where a browser can tell; two at once count once all the same.
export async function flush() {
  if (me === '' || !waiting().length) return;
  if (navigator.locks) await navigator.locks.request(PREFIX, sendAll);
  else await sendAll();
  draw();
  plan();
}

async function lineOf() {
  try {
    const headers = { 'HX-Request': 'true' };
    const answer = await fetch('/line/', { headers, cache: 'no-store', signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function sendAll() {
  const line = await lineOf();
  state = line ? '' : 'waits';
  if (!line) return;
  if (line.reader.split(':')[0] !== me) {
    state = 'away';
    return;
  }
  let sent = 0;
  for (const entry of waiting()) {
    const came = await send(entry, line.csrf);
    if (came === null) break;
    sent += came;
  }
  if (!sent) return;
  say(words('sent', sent));
  window.htmx.trigger(document.body, 'deal-changed');
}

// 1 where the server has taken it, 0 where it has refused it, null where that is not known.
async function send(entry, csrf) {
  const body = new URLSearchParams(entry.fields);
  body.set('said_at', whenOf(entry));
  if (!body.get('idempotency_key')) body.set('idempotency_key', entry.key);
  if (Date.now() - entry.at > OLDEST_MS) return refuse(entry, words('old'));
  store({ ...entry, tried: true });
  try {
    const answer = await fetch(entry.path, {
      method: 'POST',
      body,
      headers: { 'HX-Request': 'true', 'X-CSRFToken': csrf },
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    return await settle(entry, answer);
  } catch {
    return null;
  }
}

async function settle(entry, answer) {
  // Signed out meanwhile, or to be confirmed first.
  if (answer.type === 'opaqueredirect') return null;
  if ((answer.headers.get('HX-Redirect') ?? '').includes('/accounts/')) return null;
  if (answer.ok) {
    forget(entry);
    return 1;
  }
  const isDone = answer.status < 500 && ![403, 408, 429].includes(answer.status);
  if (isDone) return refuse(entry, await reasonOf(answer));
  const failures = (entry.failures ?? 0) + (answer.status === 500 || answer.status === 403);
  if (failures >= MOST_FAILURES) return refuse(entry, await reasonOf(answer));
  store({ ...entry, tried: true, failures });
  return null;
}

function refuse(entry, reason) {
  store({ ...entry, tried: true, refused: reason || words('refused') });
  return 0;
}

async function reasonOf(answer) {
  const told = answer.headers.get('HX-Trigger');
  try {
    if (told) return JSON.parse(told).toast?.text ?? '';
  } catch {
    /* said in the page then */
  }
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return textOf(page.querySelector('ul.errors li, [role=alert]'));
}

// --- showing --------------------------------------------------------------------------------------

const clock = (at) =>
  new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: new Date(at).toDateString() === new Date().toDateString() ? undefined : 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
  }).format(at);

export function draw() {
  if (!chip) return;
  const all = entries();
  const refused = all.filter((entry) => entry.refused).length;
  chip.hidden = !all.length;
  chip.classList.toggle('warn', refused > 0);
  chip.querySelector('span').textContent = refused ? words('look', refused) : words('count', all.length);
  const list = box.querySelector('ul');
  list.replaceChildren(...all.map(lineFor));
  box.querySelector('[data-state]').textContent = state ? words(state) : words('once');
  if (!all.length && box.open) box.close();
  markRows();
}

function lineFor(entry) {
  const line = box.querySelector('template').content.cloneNode(true).firstElementChild;
  line.querySelector('b').textContent = entry.about;
  line.querySelector('.num').textContent = clock(entry.at);
  line.querySelector('.quote').textContent = entry.words;
  const why = line.querySelector('.warn');
  why.textContent = entry.refused ?? '';
  why.hidden = !entry.refused;
  const open = line.querySelector('[data-open-kept]');
  open.hidden = !entry.refused;
  open.addEventListener('click', () => openAgain(entry));
  line.querySelector('[data-drop]').addEventListener('click', () => {
    forget(entry);
    draw();
  });
  return line;
}

// Back to where it is written, with all of it; from there it is sent like any other form. It stays here until
// the server has taken it from that form, or it is thrown away.
function openAgain(entry) {
  box.close();
  if (!navigator.onLine) {
    note(words('needsLine'), 'bad');
    return;
  }
  const when = whenOf(entry);
  const fields = entry.fields.filter(([name]) => !['idempotency_key', 'said_at', 'first_key'].includes(name));
  // Opened, kept and opened again, it is still what was written first.
  const first = new Map(entry.fields).get('first_key') || entry.key;
  if (entry.path.startsWith('/log/')) {
    openSheetAgain(fields, when, first).catch(() => {});
    return;
  }
  keepForForm(entry.path, fields, when, first);
  const row = entry.path.match(/^\/day\/done\/([^/]+)\/$/)?.[1];
  const deal = entry.path.match(/^(\/deals\/\d+\/)log\/$/)?.[1];
  location.assign(row ? `/day/?open=${row}` : (deal ?? entry.path));
}

// What was written may be longer than an address can be, and is nothing for the log of a proxy.
async function openSheetAgain(fields, when, first) {
  const said = fields.filter(([name]) => name !== 'body');
  const address = new URLSearchParams([...said, ['said_at', when], ['first_key', first]]);
  await window.htmx.ajax('GET', `/log/?${address}`, { target: '#sheet', swap: 'innerHTML' });
  const form = document.querySelector('#quick-line')?.form;
  if (!form) return;
  sayWhen(form, when, first);
  form.elements.body.value = new Map(fields).get('body') ?? '';
}

// A row of the day of which something is kept says so, because the page does not know yet.
function markRows() {
  const all = entries();
  for (const row of document.querySelectorAll('.day-row[data-row]')) {
    const isKept = all.some(
      ({ path, fields }) =>
        path === `/day/done/${row.dataset.row}/` ||
        (row.dataset.deal && fields.some(([name, value]) => name === 'at_deal' && value === row.dataset.deal)),
    );
    const mark = row.querySelector('.kept-mark');
    if (isKept && !mark) {
      const ghost = document.createElement('span');
      ghost.className = 'chip ghost kept-mark';
      ghost.textContent = words('mark');
      row.querySelector('.item > .meta')?.prepend(ghost);
    } else if (!isKept) mark?.remove();
  }
}

// --- when -----------------------------------------------------------------------------------------

let leaving = null; // the form that signs out, while something is not sent

if (box) {
  chip.addEventListener('click', () => {
    draw();
    box.showModal();
  });
  box.querySelector('[data-send]').addEventListener('click', flush);
  box.querySelector('[data-leave]').addEventListener('click', () => {
    for (const entry of entries()) forget(entry);
    leaving?.submit();
  });
  box.addEventListener('close', () => {
    leaving = null;
    box.querySelector('[data-leave]').hidden = true;
  });
  document.addEventListener('htmx:afterSettle', markRows);
  document.addEventListener('htmx:beforeOnLoad', ({ detail: { requestConfig, xhr } }) => {
    const isTaken = xhr.status < 400 && !(xhr.getResponseHeader('HX-Redirect') ?? '').includes('/accounts/');
    const isOld = xhr.getResponseHeader('Kept-Before');
    if (requestConfig.verb === 'post' && (isTaken || isOld)) forgetOpened(requestConfig.formData.get('said_at'));
  });
  document.addEventListener('reset', ({ target }) => forgetOpened(target.elements.said_at?.value));
  window.addEventListener('online', flush);
  window.addEventListener('storage', ({ key }) => key?.startsWith(PREFIX) && draw());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && flush());
  draw();
  flush();
}

// Signing out clears this browser: what is not sent yet goes first, or is given up by who is asked.
document.addEventListener(
  'submit',
  async (event) => {
    const form = event.target;
    if (!form.matches('form[action="/accounts/logout/"]') || !entries().length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await flush();
    if (!entries().length) {
      form.submit();
      return;
    }
    leaving = form;
    draw();
    box.querySelector('[data-state]').textContent = words('leaving');
    box.querySelector('[data-leave]').hidden = false;
    if (!box.open) box.showModal();
  },
  true,
);
