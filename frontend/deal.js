// The deal page. Its parts get themselves again when the deal changed; a part in which somebody is
// typing stays as it is until that is saved or given up.
import { heading, inSight } from './focus.js';

document.addEventListener('htmx:oobBeforeSwap', (event) => {
  const { target, fragment } = event.detail;
  // A deal that was closed meanwhile has no what's next to finish.
  if (fragment?.querySelector?.('.nextstrip.closed')) return;
  if (target.closest('[data-editing]') || target.querySelector('[data-editing]')) {
    event.detail.shouldSwap = false;
  }
});
document.addEventListener('htmx:afterRequest', (event) => {
  const { elt, requestConfig, xhr } = event.detail;
  if (requestConfig.verb === 'post' && xhr.status === 200) stopEditing(elt);
});

let back = null; // where the focus goes once the form has given its place back

function stopEditing(element) {
  const form = element.closest('[data-editing]');
  if (!form) return;
  form.removeAttribute('data-editing');
  back = { part: form.closest('[id^="deal-"], [id^="party-"]').id, id: form.dataset.back };
}

document.addEventListener('htmx:load', (event) => {
  const { elt } = event.detail;
  const form = elt.matches('[data-editing]') ? elt : elt.querySelector('[data-editing]');
  if (!form || form.contains(document.activeElement)) return;
  const fields = 'input:not([type=hidden]), select, textarea';
  (form.querySelector('[aria-invalid=true]') ?? form.querySelector(fields))?.focus();
});
// What somebody unfolded stays so when its part gets itself again.
document.addEventListener('htmx:oobBeforeSwap', ({ detail: { target, fragment, shouldSwap } }) => {
  if (!shouldSwap || !fragment?.querySelector) return;
  for (const { id } of target.querySelectorAll('details[open][id]')) {
    const successor = fragment.querySelector(`#${CSS.escape(id)}`);
    if (successor) successor.open = true;
  }
});
// A part that had the focus gives it to what has taken the place of that button, or to the page.
let had = null;
document.addEventListener('htmx:oobBeforeSwap', (event) => {
  const focused = document.activeElement;
  if (event.detail.shouldSwap && event.detail.target.contains(focused)) {
    had = { id: focused.dataset.back ?? focused.id };
  }
});
document.addEventListener('htmx:oobAfterSwap', () => {
  if (!had || back || document.activeElement !== document.body) return;
  (inSight(had.id) ?? heading()).focus({ preventScroll: true });
  had = null;
});
// So does a part that is answered by itself: to its field that is wrong, else to where it began.
document.addEventListener('htmx:beforeSwap', (event) => {
  const { target, shouldSwap } = event.detail;
  const place = document.activeElement.dataset.back;
  if (!shouldSwap || !place || !target.id.startsWith('deal-')) return;
  if (!target.contains(document.activeElement)) return;
  const { id } = target;
  document.addEventListener(
    'htmx:afterSwap',
    () => {
      const wrong = document.querySelector(`#${id} [aria-invalid=true]`);
      (wrong ?? document.getElementById(place))?.focus({ preventScroll: true });
    },
    { once: true },
  );
});
document.addEventListener('htmx:oobAfterSwap', (event) => {
  if (event.detail.target.id !== back?.part) return;
  const place = inSight(back.id);
  if (document.activeElement === document.body) {
    (place ?? document.querySelector(`#${back.part} :is(a, button)`))?.focus();
  }
  back = null;
});

// A win is seen once: the path fills from left to right, the value counts up to what it is, and the hand-off
// waits for Enter. Who wants no movement has the words.
let justWon = false;
document.addEventListener('htmx:oobBeforeSwap', ({ detail: { target, fragment, shouldSwap } }) => {
  if (!shouldSwap || target.id !== 'deal-head' || !fragment?.querySelector) return;
  justWon = !target.querySelector('.path .won') && Boolean(fragment.querySelector('.path .won'));
  if (justWon) fragment.querySelector('#deal-head')?.classList.add('just-won');
});
document.addEventListener('htmx:oobAfterSwap', ({ detail: { target } }) => {
  if (!justWon || target.id !== 'deal-next') return;
  justWon = false;
  document.getElementById('write-hand-off')?.focus({ preventScroll: true });
  if (matchMedia('(prefers-reduced-motion: no-preference)').matches) countUp(document.getElementById('deal-value'));
});

function countUp(place) {
  const words = place?.textContent ?? '';
  const [said] = /\d[\d.,\u00a0\u202f]*/.exec(words) ?? [];
  const whole = Number(said?.replace(/\D/g, ''));
  if (!whole) return;
  const began = performance.now();
  const step = (now) => {
    const part = Math.min((now - began) / 400, 1);
    // As many digits as there are, so that nothing beside it moves.
    let digits = String(Math.round(whole * part)).padStart(String(whole).length, '0');
    const shown = said.replace(/\d/g, () => { const [first] = digits; digits = digits.slice(1); return first; });
    place.textContent = part < 1 ? words.replace(said, shown) : words;
    if (part < 1 && place.isConnected) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

// In the capture phase: before htmx asks for the parts that are to take the form's place.
document.addEventListener(
  'click',
  (event) => {
    const cancel = event.target.closest('[data-cancel]');
    if (cancel) stopEditing(cancel);
  },
  true,
);
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented) return;
  const cancel = event.target.closest('[data-editing]')?.querySelector('[data-cancel]');
  if (!cancel) return;
  event.preventDefault();
  cancel.click();
});

// To choose what was done, by pointer or by its key, leads on to where it is told. The arrow keys
// press a radio button too, yet only to go from one to the next.
document.addEventListener('click', (event) => {
  if (event.target.matches('input') && event.detail === 0) return;
  const chosen = event.target.closest('[data-then]');
  if (!chosen) return;
  if (!event.target.matches('input')) {
    // Left to itself, the label would give the focus to its button.
    event.preventDefault();
    chosen.querySelector('input').checked = true;
  }
  document.querySelector(chosen.dataset.then).focus();
});

// What is proposed to come next is chosen by itself, until somebody chooses: where nothing else stays
// planned, or where it is for something new beside that.
document.addEventListener('change', ({ target }) => {
  const form = target.closest('.composer');
  const proposed = form?.querySelector('[name=next][value=proposed]');
  if (!proposed) return;
  if (target.name === 'next') form.dataset.chosen = '';
  if ('chosen' in form.dataset || !['closes', 'kind', 'result'].includes(target.name)) return;
  const keep = form.querySelector('.keep [name=next]');
  const result = form.querySelector('[name=result]:checked')?.value;
  const beside = result && form.querySelector(`.of-${result}[data-beside]`);
  const closes = [...form.querySelectorAll('[name=closes]')];
  // Parked, or planned beside what is ticked as done by this; without a deal nothing need come.
  const stays = !keep || (keep.defaultChecked && !(closes.length && closes.every((one) => one.checked)));
  const otherwise = keep ?? form.querySelector('[name=next][value=""]');
  (beside || !stays ? proposed : otherwise).checked = true;
});

// --- tabs -----------------------------------------------------------------------------------

// Of each row of tabs one is shown; without a script all that they lead to stands one below the other.
function choose(tab, root = document) {
  for (const other of tab.parentElement.querySelectorAll('[role=tab]')) {
    const on = other === tab;
    other.setAttribute('aria-selected', String(on));
    other.tabIndex = on ? 0 : -1;
    root.querySelector(`#${other.getAttribute('aria-controls')}`).hidden = !on;
  }
}

const tabsOf = (root) => [...root.querySelectorAll('[role=tab]')];
const chosenIn = (root) => root.querySelector('[role=tab][aria-selected=true]');
const firstIn = (root) => root.querySelector('[role=tab][data-first]')?.id;

for (const row of document.querySelectorAll('[role=tablist]')) choose(chosenIn(row));

// A part that gets itself again shows what was chosen, but what has come, or what the deal has come to.
document.addEventListener('htmx:oobBeforeSwap', ({ detail: { target, fragment, shouldSwap } }) => {
  const tabs = shouldSwap && fragment?.querySelectorAll ? tabsOf(fragment) : [];
  if (!tabs.length) return;
  const known = tabsOf(target).map(({ id }) => id);
  const came = known.length && tabs.find(({ id }) => !known.includes(id));
  const stays = firstIn(fragment) === firstIn(target) && tabs.find(({ id }) => id === chosenIn(target)?.id);
  choose(came || stays || chosenIn(fragment), fragment);
});

// Whoever is led to something behind a tab, or by the address, sees it.
function showTab(id) {
  const panel = id && document.getElementById(id)?.closest('[role=tabpanel][hidden]');
  if (panel) choose(document.querySelector(`[role=tab][aria-controls="${panel.id}"]`));
}
showTab(decodeURIComponent(location.hash.slice(1)));
document.addEventListener('click', (event) => {
  const tab = event.target.closest('[role=tab]');
  if (tab) choose(tab);
  showTab(event.target.closest('a[href^="#"]')?.hash.slice(1));
});
document.addEventListener('keydown', (event) => {
  if (!event.target.matches?.('[role=tab]')) return;
  const tabs = [...event.target.parentElement.querySelectorAll('[role=tab]')];
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  event.preventDefault();
  choose(next);
  next.focus();
});
