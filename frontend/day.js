// My Day by keys and by mouse. Everything that it does is a link or a form of the page, so that it works
// without it as well; here are only the keys, the drag, and how long a row was open.
import { keyOf } from './keys.js';

const day = () => document.getElementById('day');
const rows = () => [...(day()?.querySelectorAll('.day-row[data-row]') ?? [])];
const here = () => document.activeElement?.closest?.('.day-row[data-row]') ?? null;
const openForm = () => day()?.querySelector('[data-day-open]');
const typing = (element) =>
  element.closest('textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])');
let openedAt = 0;
// The row that the focus goes back to, once it is drawn in its new place.
let returnTo = null;

function stand(row) {
  (row?.querySelector('[data-done]') ?? row?.querySelector('a'))?.focus();
}

function walk(step) {
  const all = rows();
  const at = all.indexOf(here());
  stand(all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]);
}

function press(name) {
  const row = here() ?? rows()[0];
  row?.querySelector(`[data-${name}]`)?.click();
}

const ACTS = {
  j: () => walk(1),
  k: () => walk(-1),
  d: () => press('done'),
  h: () => press('later'),
};

// What a key means on the day; true if it meant something.
export function onDayKey(key) {
  if (!day() || !ACTS[key]) return false;
  ACTS[key]();
  return true;
}

function pickOutcome(form, key) {
  const pick = form.querySelector(`[data-outcome="${CSS.escape(key)}"]`);
  if (!pick) return false;
  pick.querySelector('input').checked = true;
  form.querySelector('[data-note]').focus();
  return true;
}

function pickLater(menu, key) {
  const choice = menu.querySelector(`[data-n="${CSS.escape(key)}"]`);
  if (!choice) return false;
  if (choice.matches('input')) choice.focus();
  else choice.click();
  return true;
}

function move(row, place) {
  const values = { place, show: row.closest('#day').querySelector('[name=show]')?.value ?? 'now' };
  returnTo = row.dataset.row;
  window.htmx.ajax('POST', `/day/place/${row.dataset.row}/`, {
    values,
    target: '#day',
    swap: 'outerHTML',
  });
}

// Before the page's own keys: inside of an open row they mean something else.
document.addEventListener(
  'keydown',
  (event) => {
    if (!day()) return;
    const form = event.target.closest?.('[data-day-open]');
    const menu = event.target.closest?.('[data-later-menu]');
    const taken = form ? inForm(event, form) : menu ? inMenu(event, menu) : onRow(event);
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

function inForm(event, form) {
  if (event.key === 'Escape') {
    returnTo = form.closest('.day-row').dataset.row;
    form.querySelector('[data-close-row]').click();
    return true;
  }
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    const advance = form.querySelector('[name=advance]');
    form.requestSubmit(advance ?? undefined);
    return true;
  }
  if (event.key === 'Enter' && event.target.matches('[type=radio]')) {
    form.requestSubmit(form.querySelector('.foot [type=submit]'));
    return true;
  }
  if (event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return false;
  return keyOf(event) === 'z' ? takeBack() : pickOutcome(form, event.key);
}

// What was just done, while the next row is open already.
function takeBack() {
  const undo = day().querySelector('.justdone [data-key=z]');
  undo?.click();
  return Boolean(undo);
}

function inMenu(event, menu) {
  if (event.key === 'Escape') {
    const row = menu.closest('.day-row');
    menu.remove();
    stand(row);
    return true;
  }
  if (event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return false;
  return pickLater(menu, event.key);
}

function onRow(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const row = here();
  if (!event.altKey || !step || !row) return false;
  move(row, Math.max(Number(row.dataset.place) + step, 0));
  return true;
}

// --- what was drawn -------------------------------------------------------------------------------

// What was just done stays in sight for its time, whatever else is drawn anew; what was taken back goes.
let kept = null;
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.target.id === 'day') kept = day()?.querySelector('.justdone:not(.taken)') ?? null;
});
document.addEventListener(
  'submit',
  ({ target }) => target.closest('.justdone')?.classList.add('taken'),
  true,
);

function keep() {
  const queue = day()?.querySelector('.queue');
  if (!kept || !queue || queue.querySelector('.justdone')) return;
  // A copy: what was taken out of the page has lost what htmx knew of it.
  const copy = kept.cloneNode(true);
  queue.prepend(copy);
  window.htmx.process(copy);
}
// It may be taken back while the page is drawn anew: then nobody hears that the deal has changed.
document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (!detail.successful || detail.elt.isConnected || !detail.elt.closest('.justdone')) return;
  window.htmx.ajax('GET', day().dataset.day, { target: '#day', swap: 'outerHTML' });
});

function settle() {
  keep();
  const form = openForm();
  if (form) {
    openedAt = performance.now();
    const wrong = form.querySelector('[aria-invalid=true], .errors');
    if (!wrong) form.querySelector('[data-outcome] input')?.focus();
  }
  if (returnTo) {
    stand(day()?.querySelector(`[data-row="${returnTo}"]`));
    returnTo = null;
  }
  const gone = day()?.querySelector('[data-gone]');
  if (gone) {
    gone.dataset.until ??= String(Date.now() + Number(gone.dataset.gone) * 1000);
    setTimeout(() => leave(gone), Number(gone.dataset.until) - Date.now());
  }
  kept = null;
}

function leave(note) {
  // Nobody loses it while pointing at it or standing on it.
  if (note.matches(':hover, :focus-within')) setTimeout(() => leave(note), 1000);
  else note.remove();
}

document.addEventListener('htmx:afterSettle', ({ target }) => {
  if (target.id === 'day' || target.closest?.('#day')) {
    if (target.matches('.later-of')) target.querySelector('button')?.focus();
    else if (target.id === 'day') settle();
  }
});
document.addEventListener('submit', ({ target }) => {
  const seconds = target.querySelector?.('[data-seconds-open]');
  if (seconds && openedAt) seconds.value = String(Math.round((performance.now() - openedAt) / 1000));
}, true);
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('.later-of > [data-later-menu]')) {
    if (!menu.contains(event.target)) menu.remove();
  }
});
settle();

// --- by mouse -------------------------------------------------------------------------------------

let dragged = null;
document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('#day .day-row[draggable=true]') ?? null;
});
document.addEventListener('dragover', (event) => {
  const over = dragged && event.target.closest?.('#day .day-row[data-row]');
  for (const row of rows()) row.classList.toggle('over', row === over && row !== dragged);
  if (over) event.preventDefault();
});
document.addEventListener('drop', (event) => {
  const over = dragged && event.target.closest?.('#day .day-row[data-row]');
  if (!over || over === dragged) return;
  event.preventDefault();
  move(dragged, Number(over.dataset.place));
});
document.addEventListener('dragend', () => {
  for (const row of rows()) row.classList.remove('over');
  dragged = null;
});
