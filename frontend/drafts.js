// What is typed survives: each form that takes words keeps a draft in this browser, for this person,
// until the server has taken it. A reload, a lost connection, a session that ended or an error page
// costs nothing; the form that comes back holds what was typed and says so.
//
// A draft is known by whose it is and by where its form goes. Files and passwords are never kept.
import { cookie, keepCookie } from './cookies.js';
import { newKey } from './once.js';
import { note } from './say.js';

const me = (document.body.dataset.reader ?? '').split(':')[0];
const PREFIX = 'seven-draft:';
const mine = `${PREFIX}${me}:`;
const LASTS_MS = 7 * 24 * 3600 * 1000;
const REMEMBERED_MS = 20 * 3600 * 1000;
const MOST = 40;
const MOST_CHARACTERS = 40_000;
const words = (name) => document.body.dataset[name] ?? '';

// --- the store ------------------------------------------------------------------------------------

// A browser may refuse to store anything: then a form is only a form.
function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, draft) {
  const text = JSON.stringify(draft);
  if (text.length > MOST_CHARACTERS) return;
  try {
    localStorage.setItem(key, text);
  } catch {
    /* full, or forbidden */
  }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    /* forbidden */
  }
}

const keys = () => {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
};

function tidy() {
  const all = keys().map((key) => ({ key, at: stored(key)?.at ?? 0 }));
  all.sort((a, b) => b.at - a.at);
  for (const [place, { key, at }] of all.entries()) {
    if (place >= MOST || Date.now() - at > LASTS_MS) forget(key);
  }
}

// --- a form and its draft -------------------------------------------------------------------------

const TYPED = 'textarea, input:not([type]), [type=text], [type=search], [type=email], [type=tel], [type=url], [type=number], [type=date], [type=time]';
const FIELDS = `${TYPED}, select, [type=radio], [type=checkbox]`;
const UNLESS = '[type=password], [type=file], [type=hidden], [data-no-draft]';

const isKept = (field) => field.name && field.matches(FIELDS) && !field.matches(UNLESS);
const fieldsOf = (form) => [...form.elements].filter(isKept);
// A form that asks for a password, or that takes no words, is left alone.
const isDraftable = (form) =>
  me !== '' &&
  form.matches('form[method=post]:not([data-no-draft])') &&
  !form.querySelector('[type=password]') &&
  fieldsOf(form).some((field) => field.matches(TYPED));

const pathOf = (form) => form.getAttribute('action') || location.pathname + location.search;
const keyOf = (form) => mine + pathOf(form);

const isOn = (field) => !field.matches('[type=radio], [type=checkbox]') || field.checked;
const chosen = (field) =>
  field.matches('select[multiple]')
    ? [...field.selectedOptions].map((option) => [field.name, option.value])
    : [[field.name, field.value]];
const said = (form) => fieldsOf(form).filter(isOn).flatMap(chosen);

// As the server wrote it, but for what it proposes: that is another thing each time, and no change.
function begun(form) {
  return fieldsOf(form).flatMap((field) => {
    if (field.closest('[data-proposes]')) return [];
    if (field.matches('[type=radio], [type=checkbox]')) {
      return field.defaultChecked ? [[field.name, field.value]] : [];
    }
    if (!field.matches('select')) return [[field.name, field.defaultValue]];
    const marked = [...field.options].filter((option) => option.defaultSelected);
    if (!marked.length && !field.multiple && field.options.length) marked.push(field.options[0]);
    return marked.map((option) => [field.name, option.value]);
  });
}

const typedIn = (form) =>
  fieldsOf(form).some((field) => field.matches(TYPED) && field.value !== field.defaultValue);

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function save(form, { sent = false } = {}) {
  const key = keyOf(form);
  const before = stored(key);
  const fields = said(form);
  // A choice alone is made again in a moment, and is no word that could be lost.
  if (!typedIn(form) && !before?.typed) return;
  const opened = form.closest('#sheet') ? (sheetAddress ?? before?.opened ?? null) : null;
  const page = location.pathname + location.search;
  const once = form.elements.idempotency_key?.value;
  store(key, { base: begun(form), ...before, at: Date.now(), typed: true, fields, page, opened, sent, once });
}

// What a form that goes to `path` begins with when it is opened next, when that was said, and the key with
// which it was sent before; nothing any more with null.
export function keepForForm(path, fields, when, first) {
  if (fields) store(mine + path, { at: Date.now(), typed: true, fields, isMeant: true, when, first });
  else forget(mine + path);
}

// What is said in the form counts from `when`; from when it is sent with null. If what was sent with the key
// `first` came in after all, the server does not take it once more.
export function sayWhen(form, when, first = null) {
  for (const [name, value] of [['said_at', when], ['first_key', first]]) {
    form.querySelector(`[name=${name}]`)?.remove();
    if (!value) continue;
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name, value });
    form.append(field);
  }
}

// --- giving it back -------------------------------------------------------------------------------

function put(field, values) {
  if (field.matches('[type=radio], [type=checkbox]')) field.checked = values.includes(field.value);
  else if (field.matches('select[multiple]')) {
    for (const option of field.options) option.selected = values.includes(option.value);
  } else if (values.length) field.value = values.shift();
}

function fill(form, draft, only = form) {
  const left = new Map();
  for (const [name, value] of draft.fields) left.set(name, [...(left.get(name) ?? []), value]);
  for (const field of fieldsOf(form)) {
    const values = left.get(field.name) ?? [];
    if (only.contains(field)) put(field, values);
  }
  return [...left.keys()].filter((name) => !form.elements[name]);
}

// What a form only shows once it is asked for: a further line, or what a search has found.
function fetchMissing(form, missing) {
  if (!missing.length) return;
  form.querySelector('#more-lines')?.click();
  for (const search of form.querySelectorAll('[type=text], [type=search]')) {
    if (search.value) search.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

function line(form, text, buttons) {
  form.querySelector('.draft-note')?.remove();
  const box = document.createElement('p');
  box.className = 'draft-note row-x wrap meta';
  box.setAttribute('role', 'status');
  const span = document.createElement('span');
  span.className = 'grow';
  span.textContent = text;
  box.append(span);
  for (const [label, act] of buttons) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn btn-s btn-quiet';
    button.textContent = label;
    button.addEventListener('click', () => {
      box.remove();
      act();
    });
    box.append(button);
  }
  (form.querySelector(':scope > .body') ?? form).prepend(box);
}

const when = (at) =>
  new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: new Date(at).toDateString() === new Date().toDateString() ? undefined : 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
  }).format(at);

function giveUp(form) {
  forget(keyOf(form));
  form.classList.remove('has-draft');
  form.reset();
  sayWhen(form, null);
  if (form.elements.idempotency_key) form.elements.idempotency_key.value = newKey();
  form.querySelector('textarea, input:not([type=hidden]), select')?.focus();
}

function bring(form, draft) {
  form.classList.add('has-draft');
  fetchMissing(form, fill(form, draft));
  // Sent once more as it was, it is known to be the same, for as long as the server remembers.
  const isKnown = draft.sent && draft.once && Date.now() - draft.at < REMEMBERED_MS;
  if (isKnown && form.elements.idempotency_key) form.elements.idempotency_key.value = draft.once;
  const unsure = isKnown ? words('draftUnsure') : words('draftOld');
  const text = draft.sent ? unsure : words('draftBack');
  line(form, text.replace('{when}', when(draft.at)), [[words('draftDrop'), () => giveUp(form)]]);
  hideBanner(form);
}

function offer(form, draft) {
  line(form, words('draftOffer').replace('{when}', when(draft.at)), [
    [words('draftBring'), () => bring(form, draft)],
    [words('draftDrop'), () => giveUp(form)],
  ]);
}

function restore(form) {
  const draft = stored(keyOf(form));
  if (!draft) return;
  if (draft.when) sayWhen(form, draft.when, draft.first);
  if (same(draft.fields, said(form))) return;
  // An answer that refuses holds what was typed already; it is not a form that begins anew.
  if (form.querySelector('[aria-invalid=true]')) return;
  if (draft.isMeant || same(draft.base, begun(form))) bring(form, draft);
  // What the record says has changed since: nobody's change is written over unseen.
  else offer(form, draft);
}

// What the server keeps of the same form need not be offered twice.
function hideBanner(form) {
  const banner = document.querySelector('[data-unsent]');
  if (banner?.dataset.unsent === pathOf(form)) banner.hidden = true;
}

function formsIn(root) {
  const forms = root.matches?.('form') ? [root] : [...(root.querySelectorAll?.('form') ?? [])];
  return forms.filter(isDraftable);
}

function restoreAll(root) {
  for (const form of formsIn(root)) restore(form);
  // New fields inside a form that was given back what was typed.
  const around = root.closest?.('form.has-draft');
  const draft = around && stored(keyOf(around));
  if (!draft) return;
  const missing = fill(around, draft, root);
  const more = root.closest('#more-lines') ?? root.querySelector?.('#more-lines');
  if (more && missing.some((name) => /^lines?-/.test(name))) fetchMissing(around, missing);
}

// A form at the side is not on the page that comes back: it is opened again, or offered.
function reopen() {
  const page = location.pathname + location.search;
  const lost = keys()
    .filter((key) => key.startsWith(mine))
    .map((key) => stored(key))
    .filter((draft) => draft?.opened && draft.page === page);
  lost.sort((a, b) => b.at - a.at);
  const [last] = lost;
  if (!last || Date.now() - last.at > 24 * 3600 * 1000) return;
  const open = () => window.htmx.ajax('GET', last.opened, { target: '#sheet', swap: 'innerHTML' });
  if (last.refused || last.sent) open();
  else note(words('draftLeft').replace('{when}', when(last.at)), 'ok', null, [words('draftOpen'), open]);
}

// --- when -----------------------------------------------------------------------------------------

let sheetAddress = null; // where the form at the side came from

const draftForm = (element) => {
  const form = element?.closest?.('form');
  return form && isDraftable(form) ? form : null;
};

for (const kind of ['input', 'change']) {
  document.addEventListener(kind, ({ target, isTrusted }) => {
    const form = isTrusted && draftForm(target);
    if (form && isKept(target)) save(form);
  });
}

document.addEventListener('submit', (event) => {
  const form = draftForm(event.target);
  if (!form || form.matches('[hx-post]')) return;
  if (!navigator.onLine) {
    event.preventDefault();
    save(form);
    note(words('offline'), 'bad');
    return;
  }
  save(form, { sent: true });
});

document.addEventListener('htmx:beforeSend', ({ detail }) => {
  const { elt, requestConfig, target, pathInfo } = detail;
  if (requestConfig.verb === 'get' && target?.id === 'sheet') sheetAddress = pathInfo.finalRequestPath;
  const form = requestConfig.verb === 'post' && draftForm(elt);
  if (form) save(form, { sent: true });
});

const leadsToSignIn = (xhr) => (xhr.getResponseHeader('HX-Redirect') ?? '').includes('/accounts/login/');

document.addEventListener('htmx:beforeOnLoad', (event) => {
  const { elt, requestConfig, xhr } = event.detail;
  if (requestConfig.verb !== 'post') return;
  if (renews(event.detail)) {
    event.preventDefault();
    sendAgain(event.detail);
    return;
  }
  renewing = null;
  const form = draftForm(elt);
  if (!form) return;
  if (xhr.status < 400 && !leadsToSignIn(xhr)) forget(keyOf(form));
  else answered(form, { refused: leadsToSignIn(xhr) });
});

// It is known now that the server has not taken it.
function answered(form, { refused = false } = {}) {
  const draft = stored(keyOf(form));
  if (draft) store(keyOf(form), { ...draft, sent: false, refused });
}

// --- the token of a page that is older than the sign-in ---------------------------------------------

let renewing = null; // whose request is sent once more, never twice

const renews = ({ elt, xhr }) =>
  xhr.status === 403 && renewing !== elt && Boolean(xhr.getResponseHeader('X-CSRFToken'));

// It was refused before anything was done with it, so that it is the first to be taken.
function sendAgain({ elt, requestConfig, target, xhr }) {
  const token = xhr.getResponseHeader('X-CSRFToken');
  document.body.dataset.csrf = token;
  for (const input of document.querySelectorAll('[name=csrfmiddlewaretoken]')) input.value = token;
  renewing = elt;
  const values = new FormData();
  for (const [name, value] of requestConfig.formData.entries()) {
    if (name !== 'csrfmiddlewaretoken') values.append(name, value);
  }
  values.append('csrfmiddlewaretoken', token);
  window.htmx
    .ajax('POST', requestConfig.path, { source: elt, target, values })
    .catch(() => {});
}

// --- from one page to the next --------------------------------------------------------------------

// The server names the plain form that it took last.
function forgetTaken() {
  const taken = cookie('seven_taken');
  if (!taken) return;
  forget(mine + decodeURIComponent(taken));
  keepCookie('seven_taken', '', 0);
}

// Cancel gives it up on purpose. Escape closes and keeps it.
document.addEventListener('click', ({ target, isTrusted }) => {
  const cancel = isTrusted && target.closest?.('#sheet footer [data-close], [data-cancel]');
  const form = cancel && draftForm(cancel);
  if (form) forget(keyOf(form));
});

document.addEventListener('htmx:load', ({ detail }) => restoreAll(detail.elt));
forgetTaken();
tidy();
if (me) reopen();
