// The find box: `/` or Ctrl-K goes there, arrows walk through what was found, Escape leaves.
const box = document.querySelector('.find');

document.addEventListener('keydown', (event) => {
  if (!box) return;
  const input = box.querySelector('input');
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    input.focus();
    input.select();
    return;
  }
  if (!box.contains(event.target)) return;
  const stops = [input, ...box.querySelectorAll('.found a')];
  const at = stops.indexOf(event.target);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && at >= 0) {
    event.preventDefault();
    stops[(at + step + stops.length) % stops.length].focus();
  } else if (event.key === 'Enter' && event.target === input && stops.length > 1) {
    event.preventDefault();
    stops[1].click();
  } else if (event.key === 'Escape') {
    input.value = '';
    box.querySelector('.found').replaceChildren();
    event.target.blur();
  }
});
