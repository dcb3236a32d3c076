// The forms work without this script. With it, a verdict needs no new page, and cases have keys.
"use strict";

const cases = [...document.querySelectorAll(".case")];
const statusLine = document.getElementById("status");
const keys = { a: "accepted", r: "rejected", u: "withdrawn" };

document.getElementById("keys").hidden = !cases.length;

async function judge(article, button) {
  const form = article.querySelector("form");
  const answer = button.value;
  const question = article.querySelector("h2").textContent.trim();
  article.setAttribute("aria-busy", "true");
  let message;
  try {
    const response = await fetch("/v1/verdicts", { method: "POST", body: new FormData(form, button) });
    const stored = await response.json();
    if (!response.ok) throw new Error(stored.error);
    article.dataset.verdict = answer === "withdrawn" ? "" : answer;
    for (const other of form.querySelectorAll("[aria-pressed]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    document.querySelector(`[data-judged="${form.elements.namedItem("kind").value}"]`).textContent = stored.judged;
    message = `${answer === "withdrawn" ? "Undone" : button.textContent}. ${question}`;
    if (answer !== "withdrawn") (nextOpen(article) ?? article).querySelector("button").focus();
    else form.querySelector("button").focus();
  } catch (error) {
    message = error instanceof TypeError ? "The server does not answer. Your verdict is not stored." : error.message;
    let line = article.querySelector(".error");
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      article.append(line);
    }
    line.textContent = message;
    line.setAttribute("role", "alert");
    article.removeAttribute("aria-busy");
    return;
  }
  article.querySelector(".error")?.remove();
  article.removeAttribute("aria-busy");
  statusLine.textContent = message;
}

function nextOpen(article) {
  return cases.slice(cases.indexOf(article) + 1).find(other => !other.dataset.verdict);
}

for (const article of cases) {
  article.querySelector("form").addEventListener("submit", event => {
    event.preventDefault();
    judge(article, event.submitter);
  });
  article.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const step = { j: 1, k: -1 }[key];
    if (step) {
      const other = cases[cases.indexOf(article) + step];
      other?.querySelector("button").focus();
    } else if (keys[key] && (key !== "u" || article.dataset.verdict)) {
      article.querySelector(`button[value="${keys[key]}"]`).click();
    } else return;
    event.preventDefault();
  });
}
