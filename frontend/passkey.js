// Joins the buttons for passkeys to allauth's script, and says in words what that one only tells the
// console: that no passkey was given, or that the browser knows none.
const ROLES = { addForm: 'add', authenticateForm: 'authenticate', loginForm: 'login' };
const error = document.getElementById('passkey-error');

document.addEventListener('allauth.error', (event) => {
  event.preventDefault();
  error.hidden = false;
});

for (const button of document.querySelectorAll('[data-passkey]')) {
  const { passkey, credential, passwordless } = button.dataset;
  const ids = { [ROLES[passkey]]: button.id, credential, passwordless, data: 'js_data' };
  window.allauth.webauthn.forms[passkey]({ ids });
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    error.textContent = error.dataset.unsupported;
    // Where there are other ways, nobody needs to be told.
    error.hidden = passkey !== 'addForm';
  }
}
