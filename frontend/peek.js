// The panel that shows the essence of the deal one stands on, at the side of a list or of the board. Space
// opens and closes it, j and k go on with it, and the address says which deal it shows. The focus stays in
// the list, so that its keys go on to count.
import { focused } from './focused.js';

const PAUSE_MS = 120;
const hasDeals = () => document.querySelector('#board, #rows [data-deal], #day [data-deal]');
const host = () => document.getElementById('peek');
let shown = null;
let waiting;

function put(deal) {
  const address = new URL(location);
  if (deal) address.searchParams.set('peek', deal);
  else address.searchParams.delete('peek');
  history.replaceState(history.state, '', address);
}

function show(deal) {
  if (deal === shown) return;
  shown = deal;
  let place = host();
  if (!place) {
    place = document.createElement('aside');
    place.id = 'peek';
    document.getElementById('sheet').before(place);
  }
  document.body.classList.add('peeks');
  window.htmx.ajax('GET', `/deals/${deal}/peek/`, { target: place, swap: 'innerHTML' }).catch(() => {});
  put(deal);
}

export function closePeek() {
  if (!shown) return false;
  const inside = host().contains(document.activeElement);
  const place = document.querySelector(`[data-deal="${shown}"]:not(.peek)`);
  shown = null;
  host().replaceChildren();
  document.body.classList.remove('peeks');
  put(null);
  if (inside) (place?.matches('[tabindex]') ? place : place?.querySelector('a'))?.focus();
  return true;
}

// True where there is a deal to peek at.
export function onPeekKey() {
  const deal = focused()?.closest('[data-deal]')?.dataset.deal;
  if (!deal || !hasDeals()) return false;
  if (deal === shown) closePeek();
  else show(deal);
  return true;
}

document.addEventListener('focusin', ({ target }) => {
  const deal = shown && target.closest('[data-deal]:not(.peek)')?.dataset.deal;
  if (!deal) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => show(deal), PAUSE_MS);
});
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-peek-close]')) closePeek();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || !shown) return;
  if (document.querySelector('#sheet > *, dialog[open]')) return;
  event.preventDefault();
  closePeek();
});

const asked = new URL(location).searchParams.get('peek');
if (asked && /^\d+$/.test(asked) && hasDeals()) document.addEventListener('DOMContentLoaded', () => show(asked));
