// The find box: `/` or Ctrl-K goes there, arrows walk through what was found, Enter opens the first
// hit of what was typed, however long it takes to come; Escape leaves.
const box = document.querySelector('.find');
const input = box?.querySelector('input');
// What the hits that stand there were found for, and whether the first one is to be opened when
// those of the newest text have come.
let shown = null;
let opening = false;

document.addEventListener('keydown', (event) => {
  if (!box) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    input.focus();
    input.select();
    return;
  }
  if (!box.contains(event.target)) return;
  const stops = [input, ...links()];
  const at = stops.indexOf(event.target);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && at >= 0) {
    event.preventDefault();
    stops[(at + step + stops.length) % stops.length].focus();
  } else if (event.key === 'Enter' && event.target === input && isPlain(event)) {
    if (!input.value.trim()) return;
    event.preventDefault();
    if (shown === input.value) openFirst();
    else {
      opening = true;
      window.htmx.trigger(input, 'find');
    }
  } else if (event.key === 'Escape') {
    input.value = '';
    forget();
    box.querySelector('.found').replaceChildren();
    event.target.blur();
  }
});

// While a word is put together by an input method, Enter only ends it.
const isPlain = (event) => !event.isComposing && !event.ctrlKey && !event.metaKey;
const links = () => box.querySelectorAll('.found a');

function openFirst() {
  opening = false;
  const [first] = links();
  if (first) first.click();
  else box.submit();
}

function forget() {
  shown = null;
  opening = false;
}

if (box) {
  input.addEventListener('input', () => {
    opening = false;
  });
  box.addEventListener('htmx:afterSwap', ({ detail }) => {
    shown = detail.requestConfig.parameters.q;
    if (opening && shown === input.value) openFirst();
  });
  for (const failed of ['htmx:responseError', 'htmx:sendError']) {
    box.addEventListener(failed, forget);
  }
}
