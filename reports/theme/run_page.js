"use strict";
// Search, filter and sort of the tables marked `data-tools`; without it they are complete as well.
for (const table of document.querySelectorAll("table[data-tools]")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const told = rows.map((row) =>
    Array.from(row.cells, (cell) => (cell.classList.contains("links") ? "" : cell.textContent))
      .join(" ").toLowerCase());
  const tools = document.getElementById(table.dataset.tools);
  const search = tools.querySelector("input");
  const filter = tools.querySelector("select");
  const shown = tools.querySelector("output");

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, at) => {
      const fits = words.every((word) => told[at].includes(word)) &&
        (!filter.value || ` ${row.dataset.group} `.includes(` ${filter.value} `));
      row.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count} / ${rows.length}`;
  };

  const key = (row, column, isNumber) => {
    const text = row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    return isNumber ? (text === "" ? NaN : Number(text)) : text;
  };

  const sort = (head, column) => {
    const isNumber = head.hasAttribute("data-number");
    const first = isNumber ? "descending" : "ascending";
    const other = isNumber ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    const sign = order === "ascending" ? 1 : -1;
    const keyed = rows.map((row) => [key(row, column, isNumber), row]);
    keyed.sort(([one], [two]) => {
      if (!isNumber) return sign * one.localeCompare(two, document.documentElement.lang);
      if (Number.isNaN(one) || Number.isNaN(two)) return Number.isNaN(one) - Number.isNaN(two);
      return sign * (one - two);
    });
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    body.append(...keyed.map(([, row]) => row));
  };

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    if (head.hasAttribute("data-unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    const label = document.createElement("span");
    label.append(head.firstChild);
    button.append(label, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, column));
  });
  search.addEventListener("input", show);
  filter.addEventListener("change", show);
  tools.hidden = false;
  show();
}
