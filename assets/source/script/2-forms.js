// A button that cannot be pressed twice by accident, and a question before what cannot be undone.

/** Milliseconds after which a form counts as given up. */
const PATIENCE = 10_000;
const confirmed = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const dialog = document.getElementById(form.dataset.asks ?? "");
  // One answer sends once.
  if (dialog?.showModal && !confirmed.delete(form)) {
    event.preventDefault();
    dialog.querySelector("[data-confirms]").onclick = () => {
      confirmed.add(form);
      dialog.close();
      form.requestSubmit();
    };
    dialog.showModal();
    // A key pressed without thinking harms nothing.
    dialog.querySelector("[data-closes]").focus();
    return;
  }
  if (event.defaultPrevented) return;

  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  if (button?.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  button?.setAttribute("aria-busy", "true");
  // Nobody tells that the way there was given up; then the button must work again.
  setTimeout(() => button?.removeAttribute("aria-busy"), PATIENCE);
});

for (const button of document.querySelectorAll("dialog [data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

// A page that comes back from the browser's memory. One about an account is asked for again, for its
// owner may have signed out since: Chromium keeps it, in spite of `no-store`, if the answer that led
// to it set cookies. Any other is ready for another try, with what was typed.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  const { private: address } = document.body.dataset;
  if (address) {
    document.body.hidden = true;
    // Not loaded again as it came: that may have been by a form.
    location.replace(address);
  }
  for (const button of document.querySelectorAll("[aria-busy]")) {
    button.removeAttribute("aria-busy");
  }
});
