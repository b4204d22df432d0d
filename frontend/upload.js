// A file that is too large is refused when it is chosen: nobody waits for an upload in vain.
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.dataset.mostBytes) return;
  const tooLarge = [...target.files].some((file) => file.size > Number(target.dataset.mostBytes));
  target.removeAttribute('aria-invalid');
  let words = document.getElementById(`${target.id}_size`);
  words?.remove();
  if (!tooLarge) return;
  target.value = '';
  target.setAttribute('aria-invalid', 'true');
  words = document.createElement('ul');
  words.className = 'errors';
  words.id = `${target.id}_size`;
  words.setAttribute('role', 'alert');
  words.append(document.createElement('li'));
  words.firstChild.textContent = target.dataset.tooLarge;
  target.after(words);
});
