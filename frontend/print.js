// What is meant for paper is printed by a button.
document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-print]')) window.print();
});
