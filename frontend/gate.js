// A sheet that asks for what is missing says how much of it is left, while it is filled in.

const filled = (data, name) =>
  data.getAll(name).some((value) => (value instanceof File ? value.name : value.trim()));

document.addEventListener('input', ({ target }) => {
  const form = target.closest('form');
  const title = form?.querySelector('[data-left]');
  if (!title) return;
  const data = new FormData(form);
  const past = filled(data, 'go_reason');
  const left = [...form.querySelectorAll('[data-needs]')].filter(
    ({ dataset }) =>
      !(past && dataset.hard === undefined) &&
      !JSON.parse(dataset.needs).every((group) => group.some((name) => filled(data, name))),
  );
  const words = JSON.parse(title.dataset.left)[left.length];
  if (title.textContent !== words) title.textContent = words;
});
