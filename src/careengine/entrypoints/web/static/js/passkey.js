// Passkeys: the form says what is asked of the browser, the browser's answer goes into the form.
const json = (text) => JSON.parse(text).publicKey;
const ask = {
  create: async (form) => {
    const wanted = json(form.dataset.options);
    const alone = form.querySelector('[name=passwordless]')?.checked ?? false;
    wanted.authenticatorSelection = {
      ...wanted.authenticatorSelection,
      residentKey: alone ? 'required' : 'discouraged',
      requireResidentKey: alone,
      userVerification: alone ? 'required' : 'preferred',
    };
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(wanted) });
  },
  get: async (form) =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json(form.dataset.options)) }),
  'sign-in': async (form) => {
    const answer = await fetch(form.action, { headers: { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' } });
    const { request_options: wanted } = await answer.json();
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(wanted.publicKey) });
  },
};

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
  form.hidden = false;
  form.addEventListener('submit', async (e) => {
    e.preventDefault();
    const fault = form.querySelector('.fault[role=alert]:last-of-type');
    if (fault) fault.textContent = '';
    try {
      form.querySelector('[name=credential]').value = JSON.stringify((await ask[form.dataset.passkey](form)).toJSON());
      form.submit();
    } catch (error) {
      if (fault) fault.textContent = error.name === 'NotAllowedError' ? '×' : error.message;
    }
  });
}
