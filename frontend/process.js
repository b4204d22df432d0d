// The order of steps inside a stage: by Alt and the arrow keys on a row, or by dragging it. Both
// press what is on the page for everybody else, the buttons of the row's own form.

const rowOf = (element) => element.closest?.('tr[data-step]');

document.addEventListener('keydown', (event) => {
  if (!event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
  const button = rowOf(event.target)?.querySelector(
    `button[value=${event.key === 'ArrowUp' ? 'up' : 'down'}]`,
  );
  if (!button) return;
  event.preventDefault();
  if (!button.disabled) button.click();
});

let dragged = null;

document.addEventListener('dragstart', (event) => {
  dragged = event.target.matches?.('tr[data-step][draggable]') ? event.target : null;
  dragged?.classList.add('dragged');
});
document.addEventListener('dragover', (event) => {
  const over = dragged && rowOf(event.target);
  if (!over || over === dragged) return;
  event.preventDefault();
  for (const row of over.parentElement.rows) row.classList.toggle('over', row === over);
});
document.addEventListener('drop', (event) => {
  const over = dragged && rowOf(event.target);
  if (!over || over === dragged) return;
  event.preventDefault();
  // It takes the place in front of the row that it was dropped on.
  let before = over.previousElementSibling;
  if (before === dragged) before = before.previousElementSibling;
  const form = dragged.querySelector('form[data-order]');
  form.elements.after.value = before?.dataset.step ?? '';
  form.elements.first.value = before ? '' : 'on';
  form.requestSubmit();
});
document.addEventListener('dragend', () => {
  dragged?.classList.remove('dragged');
  for (const row of document.querySelectorAll('tr[data-step].over')) row.classList.remove('over');
  dragged = null;
});
