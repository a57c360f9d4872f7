// Passkeys: asks the browser's authenticator and posts what it says. Forms are marked
// data-passkey="get" or "create"; their options stand in the page (data-options) or are fetched
// (data-options-url). Without this script the forms stay hidden and another way is offered.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const toBytes = (text) => {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(padded + "=".repeat((4 - (padded.length % 4)) % 4)), (c) => c.charCodeAt(0));
  };
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const described = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  async function create(given, passwordless) {
    const options = { ...given.creation_options.publicKey };
    options.challenge = toBytes(options.challenge);
    options.user = { ...options.user, id: toBytes(options.user.id) };
    options.excludeCredentials = described(options.excludeCredentials);
    const selection = { ...(options.authenticatorSelection || {}) };
    selection.residentKey = passwordless ? "required" : "discouraged";
    selection.requireResidentKey = passwordless;
    if (passwordless) selection.userVerification = "required";
    options.authenticatorSelection = selection;
    const made = await navigator.credentials.create({ publicKey: options });
    return {
      type: made.type,
      id: made.id,
      rawId: toText(made.rawId),
      authenticatorAttachment: made.authenticatorAttachment || undefined,
      response: {
        clientDataJSON: toText(made.response.clientDataJSON),
        attestationObject: toText(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      },
      clientExtensionResults: made.getClientExtensionResults(),
    };
  }

  async function get(given) {
    const options = { ...given.request_options.publicKey };
    options.challenge = toBytes(options.challenge);
    options.allowCredentials = described(options.allowCredentials);
    const shown = await navigator.credentials.get({ publicKey: options });
    return {
      type: shown.type,
      id: shown.id,
      rawId: toText(shown.rawId),
      authenticatorAttachment: shown.authenticatorAttachment || undefined,
      response: {
        clientDataJSON: toText(shown.response.clientDataJSON),
        authenticatorData: toText(shown.response.authenticatorData),
        signature: toText(shown.response.signature),
        userHandle: shown.response.userHandle ? toText(shown.response.userHandle) : null,
      },
      clientExtensionResults: shown.getClientExtensionResults(),
    };
  }

  async function optionsOf(form) {
    if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("the options could not be fetched");
    return answer.json();
  }

  for (const without of document.querySelectorAll("[data-passkey-without]")) without.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const told = form.querySelector("[data-passkey-error]");
      told.hidden = true;
      try {
        const options = await optionsOf(form);
        const alone = form.elements.passwordless ? form.elements.passwordless.checked : false;
        const credential = form.dataset.passkey === "create" ? await create(options, alone) : await get(options);
        form.elements.credential.value = JSON.stringify(credential);
        form.submit();
      } catch (error) {
        told.textContent =
          error.name === "NotAllowedError" ? "It was cancelled, or took too long. Try again." :
          error.name === "InvalidStateError" ? "This one is set up already." :
          "That did not work in this browser. Use another way.";
        told.hidden = false;
      }
    });
  }
})();
