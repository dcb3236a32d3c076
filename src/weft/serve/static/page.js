// The form works without this script. With it, the results change without a new page, and a photo can be dropped,
// pasted and removed.
"use strict";

const form = document.getElementById("search");
const photo = document.getElementById("photo");
const like = form.elements.namedItem("like");
const drop = document.getElementById("drop");
const preview = document.getElementById("preview");
const results = document.getElementById("results");
let latestSearch = 0;

function showPreview(source) {
  if (preview.src.startsWith("blob:")) URL.revokeObjectURL(preview.src);
  document.getElementById("chosen").hidden = !source;
  if (source) preview.src = source;
  else preview.removeAttribute("src");
}

function choosePhoto(file) {
  const files = new DataTransfer();
  files.items.add(file);
  photo.files = files.files;
  photo.dispatchEvent(new Event("change", { bubbles: true }));
}

async function search(button = null) {
  const number = ++latestSearch;
  results.setAttribute("aria-busy", "true");
  let answer;
  try {
    const response = await fetch("/", { method: "POST", body: new FormData(form, button) });
    const text = await response.text();
    answer = new DOMParser().parseFromString(text, "text/html").getElementById("results");
    if (!answer) {
      let message = "The server could not answer. Try again.";
      if (response.redirected) message = "The token is no longer valid. Load the page again.";
      else if (response.status === 413) message = "The photo is too large. Choose a smaller one.";
      else if (response.status === 429) message = "Too many searches at once. Wait a moment and try again.";
      throw new Error(message);
    }
  } catch (error) {
    answer = document.createElement("section");
    const message = document.createElement("p");
    message.className = "error";
    message.setAttribute("role", "alert");
    message.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
    answer.append(message);
  }
  if (number !== latestSearch) return;
  results.replaceChildren(...document.adoptNode(answer).childNodes);
  results.removeAttribute("aria-busy");
}

form.addEventListener("submit", event => {
  event.preventDefault();
  if (results.contains(event.submitter)) results.focus({ preventScroll: true });
  search(event.submitter);
});

photo.addEventListener("change", () => {
  if (!photo.files.length) return;
  like.value = "";
  showPreview(URL.createObjectURL(photo.files[0]));
  search();
});

document.getElementById("remove-photo").addEventListener("click", () => {
  photo.value = "";
  like.value = "";
  showPreview("");
  photo.focus();
  search();
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, event => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", event => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", event => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) choosePhoto(event.dataTransfer.files[0]);
});
document.addEventListener("paste", event => {
  const file = [...event.clipboardData.files].find(item => item.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  choosePhoto(file);
});

results.addEventListener("change", event => {
  if (event.target.name === "not_colour") search();
});

function showView(event) {
  const view = event.target.closest(".view");
  if (!view) return;
  const product = view.closest("li");
  product.querySelector(".best").src = view.dataset.photo;
  for (const other of product.querySelectorAll(".view")) other.setAttribute("aria-pressed", String(other === view));
}
for (const name of ["mouseover", "focusin", "click"]) results.addEventListener(name, showView);

results.addEventListener("click", event => {
  const link = event.target.closest("a.like");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  photo.value = "";
  form.elements.namedItem("text").value = "";
  like.value = link.dataset.like;
  showPreview(link.dataset.picture);
  results.focus({ preventScroll: true });
  scrollTo({ top: 0 });
  search();
});
