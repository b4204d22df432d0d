// How long somebody types in a form, from the first key to its sending: for that person alone. Pauses
// are left out, and of what was typed nothing goes along. Who switched it off has no address for it.
const PAUSE = 120_000;
// Of each form that somebody is typing in: when the last key was, and the milliseconds until then.
const typed = new WeakMap();

const formOf = (event) => event.target.closest?.('form[method=post]');

function type(event) {
  const form = formOf(event);
  if (!form) return;
  const now = performance.now();
  const { last, spent } = typed.get(form) ?? { last: now, spent: 0 };
  const gap = now - last;
  typed.set(form, { last: now, spent: spent + (gap < PAUSE ? gap : 0) });
}

function send(event) {
  const { seconds: address, csrf } = document.body.dataset;
  const form = formOf(event);
  if (!address || !form || !typed.has(form)) return;
  type(event);
  const path = new URL(event.submitter?.getAttribute('formaction') ?? form.getAttribute('action') ?? '', location.href).pathname;
  const seconds = Math.round(typed.get(form).spent / 1000);
  typed.delete(form);
  navigator.sendBeacon(address, new URLSearchParams({ csrfmiddlewaretoken: csrf, path, seconds }));
}

document.addEventListener('input', type);
document.addEventListener('submit', send, true);
