"use strict";
(() => {
  // Photos are enlarged in a dialog; the arrow keys go to the neighbours in the same list.
  const dialog = document.getElementById("enlarged");
  const picture = dialog.querySelector(".picture");
  const caption = dialog.querySelector(".caption");
  let shown = null;

  const show = (button) => {
    shown = button;
    picture.replaceChildren(button.querySelector("svg").cloneNode(true));
    const place = button.closest("li, .ranked .query, article");
    const hidden = place && place.querySelector("template");
    const product = place && (hidden ? hidden.content : place).querySelector(".product");
    const text = document.createElement("p");
    const label = button.querySelector("svg").getAttribute("aria-label");
    text.append(product ? label.split(": ")[0] : label);
    caption.replaceChildren(text, ...(product ? [product.cloneNode(true)] : []));
    if (!dialog.open) dialog.showModal();
  };
  const step = (by) => {
    const group = shown.closest("ol, ul, .query, article") || document.body;
    const buttons = [...group.querySelectorAll("button.zoom")];
    const next = buttons[buttons.indexOf(shown) + by];
    if (next) show(next);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.zoom");
    if (button) show(button);
    else if (event.target === dialog || event.target.closest("#enlarged .close")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  });
  dialog.addEventListener("close", () => shown && shown.focus());

  // A click on a column's heading sorts the table; numbers are compared as numbers, and cells without a value are last.
  const collator = new Intl.Collator(undefined, { numeric: true });
  const read = (row, column) => row.cells[column].textContent.trim().replace("−", "-").replace("±", "");
  const asNumber = (text) => (/^[+-]?[\d,]*\.?\d/.test(text) ? parseFloat(text.replaceAll(",", "")) : NaN);
  const compare = (a, b, direction) => {
    const [x, y] = [asNumber(a), asNumber(b)];
    const [emptyX, emptyY] = [a === "" || a === "-", b === "" || b === "-"];
    if (emptyX || emptyY) return emptyX - emptyY;
    return direction * (Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y);
  };
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 3 || !table.tHead) continue;
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const isText = [...body.rows].every((row) => Number.isNaN(asNumber(read(row, column))));
        const first = isText ? "ascending" : "descending";
        const other = isText ? "descending" : "ascending";
        const order = heading.getAttribute("aria-sort") === first ? other : first;
        headings.forEach((one) => one.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", order);
        const direction = order === "ascending" ? 1 : -1;
        const rows = [...body.rows];
        rows.sort((a, b) => compare(read(a, column), read(b, column), direction));
        body.append(...rows);
      });
    });
  }

  // A link into a closed part opens it, and a printed page shows all parts.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => opened.forEach((part) => (part.open = false)));
})();
