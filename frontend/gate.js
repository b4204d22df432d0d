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
