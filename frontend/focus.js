// Where the keyboard is after an answer: never at the top of the page.
//
// A part that is replaced takes the focus with it, and so does a button that waits disabled. What was
// wrong comes first, then where the form says (`data-focus`), then what has taken the place of what was
// pressed, then the same form again, and the page's heading if nothing else is left.
import { sheetIsOpen } from './sheet.js';

let pressed = null;

const isLost = () => !document.activeElement || document.activeElement === document.body;

// What took the place of a button may be folded: then the line is meant to which it folds.
export function inSight(id) {
  const found = id ? document.getElementById(id) : null;
  const fold = found?.parentElement.closest('details.stepfold:not([open])');
  return fold?.querySelector('summary') ?? found;
}
const FIELD = 'textarea, input:not([type=hidden]), select';

// The field of the first thing that is said to be wrong, also where it is a group of choices.
export function wrongIn(root) {
  const marked = root?.querySelector('[aria-invalid=true]');
  if (marked) return marked;
  const words = root?.querySelector('ul.errors');
  const group = words?.closest('fieldset, .field') ?? words?.previousElementSibling;
  const field = group?.matches?.(FIELD) ? group : group?.querySelector(FIELD);
  // Of choices that stand in several groups, the first.
  return field?.type === 'radio' ? root.querySelector(`[name="${CSS.escape(field.name)}"]`) : field;
}

// What the page is about, where nothing nearer is left.
export function heading() {
  const found = document.querySelector('#main h1') ?? document.getElementById('main');
  found.tabIndex = -1;
  return found;
}

function stands(selector) {
  const found = selector && document.querySelector(selector);
  if (found && !found.matches(`a, button, ${FIELD}, [tabindex]`)) found.tabIndex = -1;
  return found;
}

function sameForm(path) {
  const form = path && document.querySelector(`form[action="${CSS.escape(path)}"]`);
  return form?.querySelector(FIELD);
}

function land() {
  if (!pressed || !isLost() || sheetIsOpen()) return;
  const { answered, focus, ids, path } = pressed;
  const place =
    (answered?.isConnected && wrongIn(answered)) ||
    stands(focus) ||
    ids.map(inSight).find(Boolean) ||
    sameForm(path) ||
    heading();
  place.focus({ preventScroll: true });
}

document.addEventListener('htmx:beforeRequest', ({ detail }) => {
  if (detail.requestConfig.verb !== 'post') return;
  const { elt } = detail;
  const at = document.activeElement;
  pressed = {
    focus: elt.dataset.focus,
    ids: [at?.dataset.back, at?.id, elt.dataset.back, elt.id].filter(Boolean),
    path: elt.getAttribute('action'),
    answered: null,
  };
});
document.addEventListener('htmx:afterSwap', ({ detail, target }) => {
  if (pressed && detail.requestConfig?.verb === 'post') pressed.answered = target;
});
// Once all that an answer brings is in its place, and again when the parts that follow it are.
for (const kind of ['htmx:afterRequest', 'htmx:oobAfterSwap', 'htmx:afterSettle', 'sheet-closed']) {
  document.addEventListener(kind, () => setTimeout(land));
}
// From the next key or press on somebody is somewhere else.
for (const kind of ['keydown', 'pointerdown']) {
  document.addEventListener(kind, () => {
    pressed = null;
  }, true);
}

// A page that comes back with what is wrong begins there.
const wrong = wrongIn(document.querySelector('#main form'));
wrong?.focus();
