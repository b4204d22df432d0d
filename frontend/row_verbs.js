// What can be done in a row: the five that are needed most stand in it while the pointer or the focus is
// there, all of them are in one menu, which is how it goes on a phone.
import { onPeekKey } from './peek.js';
import { doOn } from './verbs.js';

const verbs = document.getElementById('row-verbs');
const home = document.getElementById('row-verbs-home');
const menu = document.getElementById('row-menu');
let asking = null; // the button whose menu is open

const rowOf = (element) => element.closest?.('#rows tr[data-deal]:not([data-ro])');

function stand(event) {
  const place = rowOf(event.target)?.querySelector('.row-acts');
  if (place && !place.contains(verbs)) place.prepend(verbs);
}

function run(row, key) {
  row.querySelector('th a').focus();
  if (key === 'l') document.getElementById('log-here').click();
  else if (key === ' ') onPeekKey();
  else doOn(row, key);
}

function openMenu(button) {
  asking = button;
  button.setAttribute('aria-expanded', 'true');
  menu.setAttribute('aria-label', button.getAttribute('aria-label'));
  menu.hidden = false;
  const at = button.getBoundingClientRect();
  const below = at.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.top = `${(below ? at.bottom + 4 : Math.max(8, at.top - menu.offsetHeight - 4)) + scrollY}px`;
  menu.style.left = `${Math.max(8, at.right - menu.offsetWidth)}px`;
  menu.querySelector('[role=menuitem]').focus({ preventScroll: true });
}

function closeMenu() {
  if (!asking) return;
  menu.hidden = true;
  asking.setAttribute('aria-expanded', 'false');
  if (asking.isConnected) asking.focus({ preventScroll: true });
  asking = null;
}

function onMenuKey(event) {
  const items = [...menu.querySelectorAll('[role=menuitem]')];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape' || event.key === 'Tab') closeMenu();
  else if (step) items[(items.indexOf(event.target) + step + items.length) % items.length].focus();
  else return;
  event.preventDefault();
}

if (verbs) {
  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse') stand(event);
  });
  document.addEventListener('focusin', stand);
  // The list is replaced as a whole, and would take them along.
  document.addEventListener('htmx:beforeSwap', ({ detail }) => {
    if (detail.target?.contains(verbs)) home.append(verbs);
    if (detail.target?.id === 'list') closeMenu();
  });
  document.addEventListener('click', (event) => {
    const verb = event.target.closest('[data-does]');
    const button = event.target.closest('[data-row-menu]');
    if (verb) {
      const row = rowOf(asking ?? verb);
      closeMenu();
      if (row) run(row, verb.dataset.does);
    } else if (button && button !== asking) {
      closeMenu();
      openMenu(button);
    } else if (!event.target.closest('#row-menu')) closeMenu();
  });
  menu.addEventListener('keydown', onMenuKey);
}
