// Find and do: `/` or Ctrl-K opens the box. Letters always type; arrows choose, Enter opens the first hit of
// what was typed, however long it takes to come. Tab goes to what can be done with it: there the single keys
// count. Escape first leaves that, then the box; the focus returns to where it was.
import { keyOf } from './keys.js';
import { askSheet } from './verbs.js';

const box = document.getElementById('find');
const input = box?.querySelector('input');
const hits = box?.querySelector('#find-hits');
const acts = box?.querySelector('#find-acts');
// All there is to do and where there is to go, as it came with the first answer.
const places = box?.querySelector('#find-places');
const PAUSE_MS = 300;
const MOST_RECENT = 8;

// What the hits that stand there were found for, and whether the first one is to be opened when
// those of the newest text have come.
let shown = null;
let opening = false;

const options = () => [...hits.querySelectorAll('[role=option]')];
const chosen = () => hits.querySelector('[aria-selected=true]');

function openBox() {
  if (box.open) return;
  box.showModal();
  input.select();
  if (shown === null) window.htmx.trigger(input, 'find');
}

// --- where one was: which records were opened last is kept by this browser alone -----------------

const KINDS = { deals: 'deal', companies: 'company', contacts: 'contact' };
const kept = `seven-recent-${document.body.dataset.reader}`;
const recent = () => JSON.parse(localStorage.getItem(kept) ?? '[]');
const [, kind, id] = location.pathname.match(/^\/(deals|companies|contacts)\/(\d+)\/$/) ?? [];
if (id) {
  const here = `${KINDS[kind]}-${id}`;
  const last = [here, ...recent().filter((other) => other !== here)].slice(0, MOST_RECENT + 1);
  localStorage.setItem(kept, JSON.stringify(last));
}

document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.elt !== input) return;
  if (!places.firstElementChild) detail.parameters.first = 1;
  if (input.value.trim()) return;
  const here = id && `${KINDS[kind]}-${id}`;
  detail.parameters.recent = recent().filter((one) => one !== here).join(',');
});

// --- what is chosen ------------------------------------------------------------------------------

function choose(option) {
  for (const other of options()) other.setAttribute('aria-selected', String(other === option));
  if (option) {
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  } else input.removeAttribute('aria-activedescendant');
  showActs(option);
}

function showActs(option) {
  const { kind: what, name = '', about = '', id: pk, v = '', ...said } = option?.dataset ?? {};
  acts.hidden = !what;
  if (!what) return;
  const of = acts.querySelector('#find-of');
  const words = document.createElement('b');
  words.textContent = name;
  of.replaceChildren(words, about);
  for (const act of acts.querySelectorAll('.act')) {
    const missing = /\{(email|phone)\}/.exec(act.dataset.to)?.[1];
    act.hidden = !act.dataset.for.split(' ').includes(what) || Boolean(missing && !said[missing]);
    act.href = act.dataset.command === 'open' ? option.href : fill(act.dataset.to, { pk, v, ...said });
  }
}

const fill = (text, { pk, v, email = '', phone = '' }) =>
  text
    .replace('{id}', pk)
    .replace('{v}', v)
    .replace('{email}', email)
    .replace('{phone}', phone.replaceAll(/\s/g, ''));

function follow(link, event) {
  const { sheet, run } = link.dataset;
  if (run) {
    box.close();
    document.querySelector(run).click();
  } else if (event?.ctrlKey || event?.metaKey) window.open(link.href, '_blank', 'noopener');
  else if (sheet !== undefined) {
    box.close();
    askSheet(link.href);
  } else location.assign(link.href);
}

function openFirst() {
  opening = false;
  const option = chosen() ?? options()[0];
  if (option) follow(option);
}

// --- what there is to do, and where to go --------------------------------------------------------

function entryOf(link) {
  const entry = document.createElement('a');
  const letter = link.dataset.g;
  entry.className = 'hit one';
  entry.id = `place-${link.dataset.go ?? link.id}`;
  entry.dataset.go = '';
  entry.href = link.href ?? '#';
  entry.tabIndex = -1;
  entry.setAttribute('role', 'option');
  entry.setAttribute('aria-selected', 'false');
  const words = document.createElement('span');
  words.className = 'name b';
  words.textContent = link.dataset.do ?? link.getAttribute('aria-label');
  const keys = document.createElement('span');
  keys.className = 'is';
  const key = link.querySelector('kbd')?.cloneNode(true);
  if (key) keys.append(key);
  const picture = link.querySelector('svg')?.cloneNode(true);
  entry.append(...[picture, words, keys].filter(Boolean));
  // What opens a sheet or shows something is pressed where it stands.
  if (!letter) entry.dataset.run = link.dataset.go ? `.rail [data-go="${link.dataset.go}"]` : `#${link.id}`;
  return entry;
}

function gatherPlaces() {
  for (const [group, links] of [
    ['do', '.rail [data-go=new], [data-do]'],
    ['go', '.rail a[data-g]'],
  ]) {
    const part = places.querySelector(`[data-places=${group}]`);
    part.querySelector('.grp').after(...[...document.querySelectorAll(links)].map(entryOf));
  }
}

const plain = (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

// The places whose words begin with what was typed come after the records.
function addPlaces(text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  for (const part of places.children) {
    const found = part.cloneNode(true);
    for (const named of [...found.querySelectorAll('[id]')]) named.id = `its-${named.id}`;
    found.setAttribute('aria-labelledby', `its-${part.getAttribute('aria-labelledby')}`);
    for (const entry of found.querySelectorAll('[role=option]')) {
      const said = ` ${plain(entry.querySelector('.name').textContent)}`;
      if (!words.every((word) => said.includes(` ${word}`))) entry.remove();
    }
    if (found.querySelector('[role=option]')) hits.insertBefore(found, hits.querySelector('#hit-new'));
  }
}

// --- what comes, and what is pressed --------------------------------------------------------------

function showFound() {
  if (!places.querySelector('[data-go]')) gatherPlaces();
  addPlaces(shown);
  choose(options()[0] ?? null);
  tell();
  if (opening && shown === input.value) openFirst();
}

let telling;

function tell() {
  clearTimeout(telling);
  const said = hits.querySelector('[data-count]')?.dataset.count ?? '';
  box.querySelector('.count').textContent = said;
  telling = setTimeout(() => {
    box.querySelector('[role=status]').textContent = said || hits.querySelector('.none')?.textContent || '';
  }, PAUSE_MS);
}

function onKey(event) {
  const inActs = acts.contains(event.target);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const among = inActs ? [...acts.querySelectorAll('.act:not([hidden])')] : options();
  const at = inActs ? among.indexOf(event.target) : among.indexOf(chosen());
  if (event.key === 'Escape' && inActs) input.focus();
  else if (event.key === 'Escape') box.close();
  else if (step && among.length) {
    const next = among[(at + step + among.length) % among.length];
    if (inActs) next.focus();
    else choose(next);
  } else if (event.key === 'Tab' && inActs) input.focus();
  else if (event.key === 'Tab' && !acts.hidden) acts.querySelector('.act:not([hidden])').focus();
  else if (event.key === 'Enter' && event.target === input && !event.isComposing) onEnter(event);
  else if (inActs && !onActKey(event)) return;
  else if (!inActs) return;
  event.preventDefault();
  event.stopPropagation();
}

function onEnter(event) {
  if (shown === input.value) {
    const option = chosen() ?? options()[0];
    if (option) follow(option, event);
  } else {
    opening = true;
    window.htmx.trigger(input, 'find');
  }
}

function onActKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = keyOf(event);
  const act = [...acts.querySelectorAll('.act:not([hidden])')].find(({ dataset }) => dataset.actKey === key);
  if (!act) return false;
  follow(key === 'Enter' ? event.target : act, event);
  return true;
}

if (box) {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openBox();
    }
  });
  // Of its links, without a script the page that finds: in a new tab it is that, too.
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-find]') || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openBox();
  });
  box.addEventListener('keydown', onKey);
  input.addEventListener('input', () => {
    opening = false;
  });
  box.addEventListener('htmx:afterSwap', ({ detail }) => {
    if (detail.target !== hits) return;
    shown = detail.requestConfig.parameters.q;
    // What comes beside the hits is in its place by then.
    setTimeout(showFound);
  });
  for (const failed of ['htmx:responseError', 'htmx:sendError']) {
    box.addEventListener(failed, () => {
      shown = null;
      opening = false;
    });
  }
  box.addEventListener('click', (event) => {
    if (event.target === box) box.close();
    const link = event.target.closest('[role=option], .act');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    follow(link);
  });
  hits.addEventListener('pointermove', ({ target }) => {
    const option = target.closest('[role=option]');
    if (option && option !== chosen()) choose(option);
  });
}
