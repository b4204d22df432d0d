// The sheet at the side: opened by an answer that has one, closed by an empty answer, by its own
// buttons or by Escape. Whoever opened it gets the focus back.

import { heading, inSight, wrongIn } from './focus.js';

const host = () => document.getElementById('sheet');
let opener = null;

export const sheetIsOpen = () => Boolean(host()?.firstElementChild);

export function closeSheet() {
  if (!sheetIsOpen()) return;
  host().replaceChildren();
  settle();
}

// What opened the sheet went with the answer, or its menu is shut: its successor gets the focus, or else the heading.
const afterwards = (gone) =>
  inSight(gone.dataset.back ?? gone.id) ?? heading();

function settle() {
  if (!sheetIsOpen()) {
    opener?.focus();
    if (opener && document.activeElement !== opener) {
      afterwards(opener).focus({ preventScroll: true });
    }
    opener = null;
    document.dispatchEvent(new CustomEvent('sheet-closed'));
    return;
  }
  // What is wrong comes before what the form begins with, wherever it stands.
  const find = (selector) => host().querySelector(selector);
  const first =
    wrongIn(host()) ??
    find('[autofocus]') ??
    find('.body :is(input:not([type=hidden]), select, textarea), [type=submit]:not([aria-hidden])');
  first?.focus();
}

document.addEventListener('htmx:beforeRequest', (event) => {
  if (event.detail.target === host() && !sheetIsOpen()) opener = document.activeElement;
});
// Once htmx knows the form: sent before, it would leave the page.
document.addEventListener('htmx:afterSettle', (event) => {
  if (event.target === host()) settle();
});
// What unfolds at the end of a sheet would lie below its edge. The event does not bubble.
document.addEventListener(
  'toggle',
  ({ target }) => {
    if (target.open && host().contains(target)) target.scrollIntoView({ block: 'nearest' });
  },
  true,
);
document.addEventListener('click', (event) => {
  if (!event.target.closest('#sheet [data-close]')) return;
  event.preventDefault();
  closeSheet();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.defaultPrevented && sheetIsOpen()) closeSheet();
});

// --- on a phone it is drawn down, as others are there ------------------------------------------------

const FAR = 96; // px: so far down it was meant
const FAST = 0.6; // px a millisecond
const isPhone = matchMedia('(width < 768px)');
const isCalm = matchMedia('(prefers-reduced-motion: reduce)');
let drawn = null; // {sheet, id, from, at}

// By its head alone: below that one scrolls, and writes.
document.addEventListener('pointerdown', (event) => {
  const head = event.target.closest?.('#sheet .sheet :is(.head, .how-did, .quick-head)');
  if (!head || event.pointerType !== 'touch' || !isPhone.matches) return;
  if (event.target.closest('a, button, input, select, textarea, label, summary')) return;
  drawn = { sheet: head.closest('.sheet'), id: event.pointerId, from: event.clientY, at: event.timeStamp };
});
document.addEventListener('pointermove', (event) => {
  if (drawn?.id !== event.pointerId || isCalm.matches) return;
  drawn.sheet.style.transform = `translateY(${Math.max(0, event.clientY - drawn.from)}px)`;
});
for (const end of ['pointerup', 'pointercancel']) {
  document.addEventListener(end, (event) => {
    if (drawn?.id !== event.pointerId) return;
    const { sheet, from, at } = drawn;
    drawn = null;
    const way = event.clientY - from;
    const isMeant = way > FAR || (way > 24 && way / Math.max(event.timeStamp - at, 1) > FAST);
    // As Escape does: what was typed is kept, and the focus goes back.
    if (end === 'pointerup' && isMeant) closeSheet();
    else sheet.style.transform = '';
  });
}
