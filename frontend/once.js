// One intent, one effect: what is sent carries a key, and the server does once what comes twice with
// the same. A form brings its own; what a script sends alone is given one, and keeps it until an
// answer comes, so that trying again means the same.
const FIELD = 'idempotency_key';
const HEADER = 'Idempotency-Key';

export const isGateway = (status) => status === 502 || status === 504;
// After these it may have arrived: what is sent once more must mean the same.
const isOpen = (status) => isGateway(status) || status === 503;

export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export function markOnce({ elt, verb, formData, headers }) {
  if (verb !== 'post' || formData.has(FIELD)) return;
  elt.dataset.once ??= newKey();
  headers[HEADER] = elt.dataset.once;
}

export function settleOnce({ elt, requestConfig, successful, xhr }) {
  if (requestConfig.verb !== 'post' || !xhr.status || isOpen(xhr.status)) return;
  delete elt.dataset.once;
  // A form that stays where it is, is another one from here.
  const field = successful && elt.closest('form')?.elements[FIELD];
  if (field) field.value = newKey();
}
