// The quick log: `l`, or Log, from wherever one is. What is typed is read by the server; what is chosen or
// put right by hand is `fixed`, and the line has no say in it any more.
const LINE = '#quick-line';
const FIELD_OF = (name) => (/^(next|because)/.test(name) ? 'next' : name);
const FIELDS = ['kind', 'who', 'deal', 'result', 'body', 'next'];
const PLACE = /^\/(deals|companies|contacts)\/(\d+)\//;
const KINDS = { deals: 'at_deal', companies: 'at_company', contacts: 'at_contact' };

const line = () => document.querySelector(LINE);
const form = () => line()?.form;

// --- where it is opened ---------------------------------------------------------------------------

// What has the focus says which deal is meant: a card, a row, what a search found; else the page.
function placeOf(at) {
  const card = at?.closest?.('li.deal[id^="d"]');
  if (card) return `at_deal=${card.id.slice(1)}`;
  const row = at?.closest?.('tr, li');
  const link = at?.closest?.('main a[href], .found a[href]') ?? row?.querySelector('th a[href], a[href^="/deals/"]');
  for (const path of [link?.getAttribute('href'), location.pathname]) {
    const found = path && PLACE.exec(path);
    if (found) return `${KINDS[found[1]]}=${found[2]}`;
  }
  return '';
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-log]');
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const place = placeOf(document.activeElement);
  const address = button.getAttribute('href') + (place && `?${place}`);
  window.htmx.ajax('GET', address, { target: '#sheet', swap: 'innerHTML', source: button }).catch(() => {});
});

// --- reading, and putting right -------------------------------------------------------------------

const readAgain = () => window.htmx.trigger(line(), 'read');

function fix(name) {
  const fixed = form().elements.fixed;
  const names = new Set(fixed.value.split(',').filter(Boolean));
  fixed.value = [...names.add(name)].join(',');
}

function take(button) {
  const { take: field } = button.dataset;
  form().elements[field].value = button.value;
  fix(field);
  readAgain();
  if (document.activeElement !== line() && matchMedia('(pointer: fine)').matches) line().focus();
}

const offered = () => [...document.querySelectorAll('#quick-read [data-take]')];

document.addEventListener('click', (event) => {
  const button = event.target.closest('#quick-read :is([data-take], [data-field])');
  if (!button) return;
  event.preventDefault();
  if (button.dataset.take) take(button);
  else goTo(button.dataset.field);
});

// Of a chip to the field that says the same.
function goTo(field) {
  const fields = form().elements[field];
  const place = field === 'next' ? form().elements.next_on : (fields?.item?.(0) ?? fields);
  if (field === 'next') form().querySelector('[name=next][value=on]').checked = true;
  (place?.type === 'radio' ? (form().querySelector(`[name=${field}]:checked`) ?? place) : place)?.focus();
}

document.addEventListener('change', ({ target }) => {
  if (!target.closest?.('#quick-read')) return;
  const field = FIELD_OF(target.name);
  if (!FIELDS.includes(field)) return;
  if (['next_on', 'next_at'].includes(target.name)) {
    form().querySelector('[name=next][value=on]').checked = true;
  }
  fix(field);
  if (field !== 'body') readAgain();
});
document.addEventListener('input', ({ target }) => {
  if (target.id === 'quick-body') fix('body');
});

// --- what is understood, underlined -----------------------------------------------------------------

// The server says which words are what; those behind the first one that was changed since are not known yet.
function underline() {
  const [field, shown] = [line(), document.getElementById('quick-marks')];
  const read = document.querySelector('#quick-read .quick-marks');
  if (!field || !shown || !read) return;
  const parts = [];
  let at = 0;
  for (const part of read.children) {
    const words = part.textContent;
    if (!field.value.startsWith(words, at)) break;
    parts.push(part.cloneNode(true));
    at += words.length;
  }
  shown.replaceChildren(...parts);
  shown.scrollLeft = field.scrollLeft;
}
document.addEventListener('input', ({ target }) => target.id === 'quick-line' && underline());
document.addEventListener(
  'scroll',
  ({ target }) => {
    if (target.id === 'quick-line') document.getElementById('quick-marks').scrollLeft = target.scrollLeft;
  },
  true,
);

// --- keys -----------------------------------------------------------------------------------------

// Tab takes the first of those that may be meant, the arrow the second; with none left they do what
// they always do. What was typed last may not be read yet.
let isReading = false;
let wanted = null;

document.addEventListener('keydown', (event) => {
  if (event.target.id !== 'quick-line' || event.isComposing) return;
  const place = { Tab: 0, ArrowDown: 1 }[event.key];
  if (place !== undefined && !event.shiftKey && (isReading || offered().length)) {
    event.preventDefault();
    if (isReading) wanted = place;
    else takeAt(place);
  }
});
document.addEventListener(
  'keydown',
  (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    const move = event.target.closest?.('.quick form')?.querySelector('[name=move]');
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move.form.requestSubmit(move);
  },
  true,
);

function takeAt(place) {
  const all = offered();
  const button = all[place] ?? all[0];
  if (button) take(button);
  else form().querySelector('#quick-read .as-form input')?.focus();
}

document.addEventListener('input', ({ target }) => {
  if (target.id === 'quick-line') isReading = true;
});
document.addEventListener('htmx:afterSettle', ({ detail, target }) => {
  const read = detail.elt?.id === 'quick-read' || target?.id === 'quick-read';
  if (!read || !line()) return;
  underline();
  isReading = form().elements.read.value !== line().value.trim() && form().elements.read.value !== line().value;
  if (isReading || wanted === null) return;
  takeAt(wanted);
  wanted = null;
});

// --- drafts, phones, what is pasted ----------------------------------------------------------------

document.addEventListener('htmx:load', ({ detail }) => {
  if (!detail.elt.querySelector?.(LINE)) return;
  isReading = false;
  wanted = null;
  underline();
  // A draft is given back by then.
  setTimeout(() => {
    if (!line()) return;
    const body = form().elements.body;
    if (body.value !== body.defaultValue) fix('body');
    if (line().value !== line().defaultValue) readAgain();
    // On a phone the keyboard would cover what is to be pressed.
    if (matchMedia('(pointer: coarse)').matches && !line().value) line().closest('.sheet').focus();
  });
});

// Several lines are no line that somebody types: a signature, or a mail; nor is a link a name.
const isRead = (words) => words.includes('\n') || /^(https?:\/\/|mailto:)\S+$/.test(words);

document.addEventListener('paste', (event) => {
  if (!event.target.matches?.('#quick-line, #sheet :is([name=company_name], [name=person])')) return;
  const pasted = event.clipboardData.getData('text').trim();
  if (!isRead(pasted)) return;
  event.preventDefault();
  const values = { pasted };
  // A mail of somebody on record is logged; whoever else it is from may be a lead.
  if (event.target.id === 'quick-line') Object.assign(values, { log: 1, at_deal: form().elements.at_deal?.value ?? '' });
  window.htmx.ajax('POST', '/deals/new/read/', { target: '#sheet', swap: 'innerHTML', values }).catch(() => {});
});

// The sheet of a gate takes from a signature whom it asks for: read as for a new deal, and put where it belongs.
const PARTY = { party_person: 'person', path_person: 'person', party_reach: 'email', party_company: 'company_name' };

document.addEventListener('paste', async (event) => {
  const { target } = event;
  if (!(target.name in PARTY) || !target.closest('#sheet')) return;
  const pasted = event.clipboardData.getData('text').trim();
  if (!isRead(pasted)) return;
  event.preventDefault();
  const headers = { 'X-CSRFToken': document.body.dataset.csrf, 'HX-Request': 'true' };
  const body = new URLSearchParams({ pasted });
  const said = await fetch('/deals/new/read/', { method: 'POST', headers, body })
    .then((answer) => (answer.ok ? answer.text() : ''))
    .catch(() => '');
  const found = new DOMParser().parseFromString(said, 'text/html');
  const valueOf = (name) => found.querySelector(`[name=${name}]`)?.value ?? '';
  let isTaken = false;
  for (const [name, of] of Object.entries(PARTY)) {
    // Who decides may be somebody else than whom it is with.
    if (name !== target.name && [name, target.name].includes('path_person')) continue;
    const field = target.form.elements[name];
    const words = valueOf(of) || (name === 'party_reach' ? valueOf('phone') : '');
    if (!field || field.value || !words) continue;
    field.value = words;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    isTaken ||= field === target;
  }
  if (isTaken) return;
  // What says nothing for this field is pasted as it is.
  const { selectionStart, selectionEnd } = target;
  target.setRangeText(pasted.replace(/\s*\n\s*/g, ' '), selectionStart, selectionEnd, 'end');
  target.dispatchEvent(new Event('input', { bubbles: true }));
});

// A mail that is pasted into what was said was an e-mail, with whoever wrote it.
document.addEventListener('paste', ({ target, clipboardData }) => {
  if (target.id !== 'log-body' || target.value.trim()) return;
  const pasted = clipboardData.getData('text');
  const sender = /^\s*\**(?:from|von|de)\**:\**\s*(.+)$/im.exec(pasted)?.[1];
  if (!sender || !/^\s*\**(?:subject|betreff|to|an|date|datum|sent|gesendet)\**:/im.test(pasted)) return;
  const { kind, contact } = target.form.elements;
  const mail = [...kind].find(({ value }) => value === 'email');
  if (mail && !mail.checked) {
    mail.checked = true;
    mail.dispatchEvent(new Event('change', { bubbles: true }));
  }
  const who = contact && [...contact.options].find(({ value, text }) => value && sender.includes(text));
  if (who && !contact.value) contact.value = who.value;
});
