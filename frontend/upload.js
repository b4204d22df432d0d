// A file that is too large is refused when it is chosen: nobody waits for an upload in vain.
document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.dataset.mostBytes) return;
  const tooLarge = [...target.files].some((file) => file.size > Number(target.dataset.mostBytes));
  target.parentElement.querySelector('[data-size-words]')?.remove();
  target.removeAttribute('aria-invalid');
  if (!tooLarge) return;
  target.value = '';
  target.setAttribute('aria-invalid', 'true');
  const words = document.createElement('div');
  words.dataset.sizeWords = '';
  words.setAttribute('role', 'alert');
  words.innerHTML = '<ul class="errors"><li></li></ul>';
  words.querySelector('li').textContent = target.dataset.tooLarge;
  target.after(words);
});
