// Tables whose columns can be sorted by, and long ones that begin short. It runs in the browser as it
// is; without it the table is whole, in the order in which it was written.
(() => {
  "use strict";
  const ROWS_SHOWN = 20;

  function valueOf(row, column) {
    const cell = row.cells[column];
    const { sort } = cell.dataset;
    return sort === undefined ? cell.textContent : Number(sort);
  }

  /** Figures the largest first, names from A; the other way round at the second click. */
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return b - a;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    let all = body.rows.length <= ROWS_SHOWN;

    function show() {
      for (const [at, row] of [...body.rows].entries()) row.hidden = !all && at >= ROWS_SHOWN;
    }

    function sortBy(column) {
      const head = heads[column];
      const again = head.getAttribute("aria-sort") === head.dataset.first;
      const orders = { ascending: "descending", descending: "ascending" };
      const order = again ? orders[head.dataset.first] : head.dataset.first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const known = (row) => row.cells[column].dataset.sort !== "";
      const rows = [...body.rows];
      const sorted = rows
        .filter(known)
        .toSorted((a, b) => compare(valueOf(a, column), valueOf(b, column)) * (again ? -1 : 1));
      body.append(...sorted, ...rows.filter((row) => !known(row)));
      show();
    }

    for (const [column, head] of heads.entries()) {
      if (head.dataset.first === undefined) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(column));
      head.append(button);
    }
    if (!all) {
      const more = document.createElement("button");
      more.type = "button";
      more.className = "more";
      more.textContent = `Show all ${body.rows.length.toLocaleString("en-US")} rows`;
      more.addEventListener("click", () => {
        all = true;
        show();
        more.remove();
      });
      (table.closest(".scroll") ?? table).after(more);
    }
    show();
  }

  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
})();
