// A button that cannot be pressed twice by accident, and a question before what cannot be undone.

const confirmed = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const dialog = document.getElementById(form.dataset.asks ?? "");
  if (dialog?.showModal && !confirmed.has(form)) {
    event.preventDefault();
    dialog.querySelector("[data-confirms]").onclick = () => {
      confirmed.add(form);
      dialog.close();
      form.requestSubmit();
    };
    dialog.showModal();
    return;
  }
  if (event.defaultPrevented) return;

  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  if (button?.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  button?.setAttribute("aria-busy", "true");
});

for (const button of document.querySelectorAll("dialog [data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

// A page that comes back from the browser's memory may be about somebody who has signed out since.
// Chromium keeps it, in spite of `no-store`, if the answer that led to it set cookies.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.body.hidden = true;
  location.reload();
});
