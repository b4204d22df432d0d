// Lists: rows are ticked by press, by Shift-press as a range, by m, or by x where that stops no deal; j and
// k go from row to row.

const rows = () => document.getElementById('rows');
const ticks = () => [...rows().querySelectorAll('.tick [name=id]')];
let last = null;

function tell() {
  if (!rows()) return;
  const all = ticks();
  const on = all.filter((tick) => tick.checked).length;
  const count = rows().querySelector('[data-ticked]');
  if (count) count.textContent = count.dataset.words.replace('{n}', on);
  const head = rows().querySelector('[data-tick-all]');
  if (head) {
    head.checked = on > 0 && on === all.length;
    head.indeterminate = on > 0 && on < all.length;
  }
  // All of the list only while all of the page is meant.
  const rest = rows().querySelector('[name=all]');
  if (rest && on < all.length) rest.checked = false;
}

document.addEventListener('click', (event) => {
  const tick = event.target;
  if (!tick.matches?.('#rows .tick [name=id]')) return;
  const all = ticks();
  if (event.shiftKey && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(tick)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = tick.checked;
  }
  last = tick;
});
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-tick-all], #rows [name=all]')) {
    if (event.target.checked || event.target.matches('[data-tick-all]')) {
      for (const tick of ticks()) tick.checked = event.target.checked;
    }
  }
  if (event.target.closest('#rows')) tell();
});
document.addEventListener('htmx:afterSwap', (event) => {
  if (event.detail.target?.id === 'list') tell();
});
// A page that the browser shows again may have kept what was ticked.
window.addEventListener('pageshow', () => {
  if (rows()) tell();
});

export function onListKey(key) {
  if (!rows() || !['j', 'k', 'm', 'x'].includes(key)) return false;
  const here = document.activeElement?.closest('#rows tbody tr');
  if (key === 'm' || key === 'x') {
    const ticks = here && key === (here.matches('[data-deal]') ? 'm' : 'x');
    if (ticks) here.querySelector('.tick [name=id]')?.click();
    return Boolean(ticks);
  }
  const all = [...rows().querySelectorAll('tbody tr:not(.group)')];
  const next = all[here ? all.indexOf(here) + (key === 'j' ? 1 : -1) : 0];
  next?.querySelector('th a, a')?.focus();
  return Boolean(next);
}
