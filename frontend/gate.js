// A sheet that asks for what is missing says how much of it is left, while it is filled in.

const filled = (data, name) =>
  data.getAll(name).some((value) => (value instanceof File ? value.name : value.trim()));
// What the server has refused is wrong for as long as it stands there; what the browser refuses, too.
const isWrong = (field) =>
  field.value && (!field.validity.valid || (field.matches('[aria-invalid=true]') && field.value === field.defaultValue));

document.addEventListener('input', ({ target }) => {
  const form = target.closest('form');
  const title = form?.querySelector('[data-left]');
  if (!title) return;
  const data = new FormData(form);
  const past = filled(data, 'go_reason');
  const asks = [...form.querySelectorAll('[data-needs]')];
  // Each has its number, which becomes a tick once there is something in it.
  for (const ask of asks) {
    const isFilled =
      JSON.parse(ask.dataset.needs).every((group) => group.some((name) => filled(data, name))) &&
      ![...ask.querySelectorAll('input:not([type=radio], [type=checkbox], [type=hidden]), textarea')].some(isWrong);
    ask.classList.toggle('filled', isFilled || (past && ask.dataset.hard === undefined));
  }
  const left = asks.filter((ask) => !ask.classList.contains('filled'));
  const words = JSON.parse(title.dataset.left)[left.length];
  if (title.textContent !== words) title.textContent = words;
});

// Enter takes the answer that has the focus and goes to what is still missing; with nothing left it does
// what the sheet is for. So each thing that is missing costs one key, and one more a day filled in last.
const CONTROL = 'input:not([type=hidden]), textarea, select';
// Enter opens what chooses a file, and presses a button.
const TAKES_ENTER = 'input:not([type=file], [type=button], [type=submit], [type=reset], [type=image])';

function nextIn(ask, target) {
  const controls = [...ask.querySelectorAll(CONTROL)].filter((one) => one.name !== target.name);
  const later = controls.filter((one) => target.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  const isAnswered = (one) => one.type === 'radio' && ask.querySelector(`[name="${one.name}"]:checked`);
  const needed = JSON.parse(ask.dataset.needs).flat();
  const isLeft = (one) => (one.type === 'radio' ? !isAnswered(one) : !one.value);
  return [...later, ...controls].find((one) => needed.includes(one.name) && isLeft(one));
}

document.addEventListener('keydown', (event) => {
  const { target } = event;
  if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return;
  const ask = target.closest?.('.ask[data-needs]');
  const form = ask?.closest('form');
  if (!form?.querySelector('[data-left]') || !target.matches(TAKES_ENTER)) return;
  event.preventDefault();
  // Who goes ahead without an answer gives none.
  const isNeeded = ask.dataset.hard !== undefined || !filled(new FormData(form), 'go_reason');
  if (isNeeded && target.matches('[type=radio], [type=checkbox]') && !target.checked) target.click();
  const fills = isNeeded && target.dataset.enter && !target.value && target.validity.valid;
  if (fills) {
    target.value = target.dataset.enter;
    target.dispatchEvent(new Event('input', { bubbles: true }));
  }
  const left = [...form.querySelectorAll('.ask[data-needs]:not(.filled)')];
  if (!left.length) {
    // A day that nobody has seen yet goes nowhere: it stands there first.
    if (!fills) form.requestSubmit();
    return;
  }
  const place = left.includes(ask) ? ask : left[0];
  (nextIn(place, target) ?? place.querySelector(CONTROL))?.focus();
});
