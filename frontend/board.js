// The board: moving a deal by drag, by keyboard and by the one Move menu, and staying up to date.
//
// A move to the next stage is sent at once. One that goes back or jumps needs a reason, so its
// sheet is fetched instead; the card waits in the new column until the answer is known, and goes
// back to its place when the move failed, was refused or was given up.
import Sortable from 'sortablejs';
import { keyOf } from './keys.js';
import { note, say } from './say.js';
import { sheetIsOpen } from './sheet.js';

const POLL_MS = 10_000;

const board = () => document.getElementById('board');
const menu = () => document.getElementById('move-menu');
const words = (name, values = {}) =>
  Object.entries(values).reduce(
    (text, [key, value]) => text.replace(`{${key}}`, value),
    board().dataset[name],
  );
// Whether the columns are those of days: there a move says when, and the stage stays.
const isOfDays = () => board().matches('[data-by-deadline]');
const listOf = (stage) => board().querySelector(`ul[data-stage="${stage}"]`);
const stageOf = (card) => Number(card.parentElement.dataset.stage);
const nameOf = (card) => card.querySelector('h3 a').textContent.trim();
const labelOf = (list) => list.dataset.label;

let dragging = false;
let held = null; // lifted by keyboard: where it came from
let waiting = null; // shown in its new column, answer unknown

const placeOf = (card) => ({ card, list: card.parentElement, next: card.nextElementSibling });

// An element that is put elsewhere in the page loses the focus.
function put(card, list, before) {
  const focused = document.activeElement === card;
  list.insertBefore(card, before);
  if (focused) card.focus();
}

function putBack(place) {
  if (!place.list.isConnected) return;
  place.card.classList.remove('lifted', 'waiting');
  put(place.card, place.list, place.next?.isConnected ? place.next : null);
}

function request(method, url, card, values) {
  // What fails is told by htmx's events.
  window.htmx
    .ajax(method, url, { source: card, target: '#sheet', swap: 'innerHTML', values })
    .catch(() => {});
}

function move(place, to) {
  const from = Number(place.list.dataset.stage);
  const { card } = place;
  if (to === from) {
    putBack(place);
    return;
  }
  if (listOf(to).matches('[data-no-drop]')) {
    putBack(place);
    note(words('noDay'), 'bad');
    return;
  }
  waiting = place;
  card.classList.add('waiting');
  const target = listOf(to);
  if (card.parentElement !== target) put(card, target, target.firstChild);
  const deal = `${board().dataset.deals}${card.id.slice(1)}/`;
  const values = { to, version: card.dataset.v };
  if (isOfDays()) request('POST', `${deal}due/`, card, values);
  else if (to === from + 1) request('POST', `${deal}advance/`, card, values);
  else request('GET', `${deal}move/`, card, values);
}

function close(card, verb) {
  const values = { version: card.dataset.v };
  request('GET', `${board().dataset.deals}${card.id.slice(1)}/${verb}/`, card, values);
}

// --- by drag --------------------------------------------------------------------------------

let sortables = [];

function makeSortable() {
  // Sortable remembers each list for ever unless it is told that it is gone.
  for (const old of sortables) old.destroy();
  sortables = [...board().querySelectorAll('ul[data-stage]')].map(sortable);
}

function sortable(list) {
  let place;
  return Sortable.create(list, {
    group: 'deals',
    // The order inside of a column says what is most urgent; nobody sets it by hand.
    sort: false,
    draggable: '.deal:not([data-ro])',
    filter: '.mv',
    preventOnFilter: false,
    animation: 120,
    delay: 150,
    delayOnTouchOnly: true,
    // The browser's own dragging would take the link in the card, and cannot be tested.
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 4,
    onStart: ({ item }) => {
      dragging = true;
      place = placeOf(item);
    },
    onEnd: ({ item }) => {
      dragging = false;
      document.dispatchEvent(new CustomEvent('card-dropped'));
      if (item.parentElement !== place.list) move(place, stageOf(item));
    },
  });
}

// --- by keyboard ----------------------------------------------------------------------------

function lift(card) {
  held = placeOf(card);
  card.classList.add('lifted');
  say(words('lifted', { name: nameOf(card), stage: labelOf(held.list) }));
}

function carry(card, step) {
  const to = listOf(stageOf(card) + step);
  if (!to) return;
  put(card, to, to.firstChild);
  card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  say(labelOf(to));
}

function drop(card) {
  const place = held;
  held = null;
  card.classList.remove('lifted');
  move(place, stageOf(card));
}

function giveUp() {
  const place = held;
  held = null;
  putBack(place);
  place.card.focus();
  say(words('kept', { name: nameOf(place.card), stage: labelOf(place.list) }));
}

function neighbour(card, key) {
  if (key === 'ArrowUp') return card.previousElementSibling;
  if (key === 'ArrowDown') return card.nextElementSibling;
  const lists = [...board().querySelectorAll('ul[data-stage]')];
  const step = key === 'ArrowRight' ? 1 : -1;
  for (let at = lists.indexOf(card.parentElement) + step; lists[at]; at += step) {
    const found = lists[at].querySelector('.deal');
    if (found) return found;
  }
  return null;
}

function onCardKey(event, card) {
  const key = keyOf(event);
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const along = { j: 'ArrowDown', k: 'ArrowUp' }[key] ?? key;
  if (held) {
    if (key === ' ' || key === 'Enter') drop(card);
    else if (sideways) carry(card, sideways);
    else if (key === 'Escape') giveUp();
    else return;
  } else if (sideways && event.shiftKey) {
    if (waiting || card.matches('[data-ro]')) return;
    lift(card);
    carry(card, sideways);
  } else if (along.startsWith('Arrow')) {
    const next = neighbour(card, along);
    if (!next?.matches('.deal')) return;
    next.focus();
  } else if (key === 'Enter') card.querySelector('h3 a').click();
  else if (waiting || card.matches('[data-ro]')) return;
  else if (isOfDays() && (key === ']' || key === '[')) return;
  else if (key === ']' && stageOf(card) < 7) move(placeOf(card), stageOf(card) + 1);
  else if (key === '[' && stageOf(card) > 1) move(placeOf(card), stageOf(card) - 1);
  else if (key === 'w') close(card, 'win');
  else if (key === 'x') close(card, 'stop');
  else return;
  event.preventDefault();
}

document.addEventListener('keydown', (event) => {
  if (!board() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches('.deal')) onCardKey(event, event.target);
  else if (event.target.closest('#move-menu')) onMenuKey(event);
});
document.addEventListener('focusout', (event) => {
  // Tabbing away from a lifted card leaves it where it was. Carrying it blurs it for a moment.
  requestAnimationFrame(() => {
    if (held && event.target === held.card && document.activeElement !== held.card) {
      const place = held;
      held = null;
      putBack(place);
    }
  });
});

// --- by menu --------------------------------------------------------------------------------

let asking = null; // the Move button whose menu is open

function openMenu(button) {
  closeMenu();
  asking = button;
  const now = stageOf(button.closest('.deal'));
  for (const item of menu().querySelectorAll('[data-to]')) {
    const here = Number(item.dataset.to) === now;
    item.setAttribute('aria-checked', String(here));
    item.setAttribute('aria-disabled', String(here));
  }
  button.setAttribute('aria-expanded', 'true');
  menu().setAttribute('aria-label', button.getAttribute('aria-label') ?? button.textContent);
  menu().hidden = false;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu();
  const below = at.bottom + height + 8 < innerHeight;
  const top = below ? at.bottom + 4 : Math.max(8, at.top - height - 4);
  menu().style.top = `${top + scrollY}px`;
  menu().style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  const next = menu().querySelector(`[data-to="${Math.min(now + 1, 7)}"]`) ?? menu().querySelector('[data-to]');
  next.focus({ preventScroll: true });
}

function closeMenu() {
  if (!asking) return;
  menu().hidden = true;
  asking.setAttribute('aria-expanded', 'false');
  const button = asking;
  asking = null;
  if (button.isConnected) button.focus({ preventScroll: true });
}

function choose(item) {
  if (item.getAttribute('aria-disabled') === 'true') return;
  const card = asking.closest('.deal');
  closeMenu();
  card.focus({ preventScroll: true });
  if (item.dataset.to) move(placeOf(card), Number(item.dataset.to));
  else close(card, item.dataset.verb);
}

function onMenuKey(event) {
  const items = [...menu().querySelectorAll('[role^=menuitem]')];
  const at = items.indexOf(event.target);
  const number = items.find((item) => item.dataset.to === event.key);
  if (event.key === 'Escape' || event.key === 'Tab') closeMenu();
  else if (event.key === 'ArrowDown') items[(at + 1) % items.length].focus();
  else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length].focus();
  else if (event.key === 'Home') items[0].focus();
  else if (event.key === 'End') items.at(-1).focus();
  else if (number) choose(number);
  else return;
  event.preventDefault();
}

document.addEventListener('click', (event) => {
  if (!board()) return;
  const button = event.target.closest('.deal .mv[href]');
  const item = event.target.closest('#move-menu [role^=menuitem]');
  if (item) choose(item);
  else if (asking && !event.target.closest('#move-menu')) closeMenu();
  // A modified click opens the page of the move, as on any link.
  if (button && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    if (asking !== button) openMenu(button);
  }
});

// --- what comes back ------------------------------------------------------------------------

function failed() {
  if (!waiting) return;
  putBack(waiting);
  waiting = null;
}

for (const error of ['htmx:responseError', 'htmx:sendError']) {
  document.addEventListener(error, ({ detail }) => {
    // Another request that fails meanwhile says nothing about the move.
    if (detail.elt === waiting?.card || detail.elt.closest('#sheet')) failed();
  });
}
// The answer of the verb says aloud what happened.
document.addEventListener('deal-changed', () => {
  waiting = null;
});
document.addEventListener('sheet-closed', () => {
  failed();
  if (board()) refresh();
});

// --- staying up to date ---------------------------------------------------------------------

const busy = () => dragging || held || waiting || asking || sheetIsOpen();
const refresh = () => window.htmx.trigger(board(), 'board-poll');

document.addEventListener('htmx:configRequest', (event) => {
  if (event.detail.elt !== board()) return;
  // The version that is shown, and how far the columns were opened, so that neither is lost.
  event.detail.parameters.v = document.getElementById('board-version').value;
  for (const list of board().querySelectorAll('ul[data-stage]')) {
    const shown = list.querySelectorAll('.deal').length;
    if (shown > Number(board().dataset.page)) event.detail.parameters[`n${list.dataset.stage}`] = shown;
  }
});
let focused = null; // the place of the card that has the focus while the columns are replaced

document.addEventListener('htmx:beforeSwap', (event) => {
  if (event.detail.target !== board()) return;
  // htmx hands attributes of an element on to the next one with its id; a style that dragging has
  // left behind would be a style that the policy forbids.
  for (const dragged of board().querySelectorAll('[style]')) dragged.removeAttribute('style');
  const card = document.activeElement?.closest('.deal');
  const stage = card?.parentElement.dataset.stage;
  focused = stage ? { stage, at: [...card.parentElement.children].indexOf(card) } : null;
});
document.addEventListener('htmx:afterSwap', (event) => {
  // It is told once for the board and once for each part of it.
  if (!board() || event.target !== board()) return;
  makeSortable();
  centreStage();
  // A card that is still here keeps the focus by its id; one that is gone leaves it to the next.
  if (!focused || board().contains(document.activeElement)) return;
  const list = listOf(focused.stage);
  const cards = list.querySelectorAll('.deal');
  const next = cards[Math.min(focused.at, cards.length - 1)] ?? list;
  if (next === list) list.tabIndex = -1;
  next.focus({ preventScroll: true });
});

// --- one stage at a time, on a phone ---------------------------------------------------------

function showStage(link) {
  const now = document.getElementById('stage-now');
  now.value = link.dataset.stage;
  now.disabled = false;
  for (const other of link.parentElement.children) other.removeAttribute('aria-current');
  link.setAttribute('aria-current', 'true');
  for (const column of board().querySelectorAll('.col')) {
    column.classList.toggle('is-current', Boolean(column.querySelector(`ul[data-stage="${now.value}"]`)));
  }
  const address = new URL(location);
  address.searchParams.set('stage', now.value);
  history.replaceState(history.state, '', address);
}

const centreStage = () =>
  board().querySelector('.stagepick [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

document.addEventListener('click', (event) => {
  const link = event.target.closest('.stagepick a');
  if (!link) return;
  event.preventDefault();
  showStage(link);
});

if (board()) {
  makeSortable();
  centreStage();
  const look = () => {
    if (document.visibilityState === 'visible' && !busy()) refresh();
  };
  setInterval(look, POLL_MS);
  document.addEventListener('visibilitychange', look);
}
