"use strict";
(function () {
  const page = JSON.parse(document.getElementById("charts").textContent);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  document.documentElement.classList.add("js");

  // Charts: drawn when they come into view. `ast` makes Vega interpret its expressions, which the page's policy asks for.
  const options = { actions: false, renderer: "svg", ast: true, tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" } };
  function specOf(name) {
    if (name === "quadrant") return page.quadrant;
    const spec = JSON.parse(JSON.stringify(page.vega));
    for (const dataset of spec.data) if (page.layers.includes(dataset.name)) dataset.values = page.results[name][dataset.name];
    return spec;
  }
  function draw(place) {
    const name = place.dataset.chart;
    const fresh = document.createElement("div");
    vegaEmbed(fresh, specOf(name), { ...options, mode: name === "quadrant" ? "vega-lite" : "vega" }).then(function () {
      place.replaceChildren(fresh);
      place.dataset.drawn = "yes";
    }, function (error) { console.error(name, error); });
  }
  if ("IntersectionObserver" in window) {
    const watcher = new IntersectionObserver(function (entries) {
      for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
    }, { rootMargin: "300px" });
    all("[data-chart]").forEach((place) => watcher.observe(place));
  } else {
    all("[data-chart]").forEach(draw);
  }

  // Filters: a key result shows when it has each of the chosen team, verdict and failure mode.
  const form = document.getElementById("filters");
  const told = document.getElementById("shown");
  function filter() {
    const chosen = Object.fromEntries(new FormData(form));
    let shown = 0, total = 0;
    for (const item of all("[data-result]")) {
      const fits = ["team", "verdict"].every((key) => !chosen[key] || item.dataset[key] === chosen[key])
        && (!chosen.mode || item.dataset.modes.split(" ").includes(chosen.mode));
      item.hidden = !fits;
      if (item.tagName === "TR") { total += 1; shown += fits ? 1 : 0; }
    }
    for (const group of all("[data-group]")) group.hidden = !all("[data-result]", group).some((item) => !item.hidden);
    for (const part of all("[data-mode-part]")) part.hidden = Boolean(chosen.mode) && part.dataset.modePart !== chosen.mode;
    // Where there are many they are folded, until somebody looks for some of them.
    if (Object.values(chosen).some(Boolean)) for (const fold of all("[data-fold]")) fold.open = true;
    told.textContent = page.words.shown.replace("{shown}", shown).replace("{all}", total);
  }
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const team of all("[data-choose-team]")) {
    team.addEventListener("click", function () { form.elements.team.value = team.dataset.chooseTeam; filter(); });
  }
  filter();

  // Sorting: by the values that the cells carry; what has none comes last, either way.
  for (const table of all("table[data-sortable]")) {
    all("thead th button", table).forEach(function (button) {
      button.addEventListener("click", function () {
        const head = button.closest("th");
        const column = Array.from(head.parentNode.children).indexOf(head);
        const down = head.getAttribute("aria-sort") === "ascending";
        all("th", table.tHead).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => row.children[column].dataset.value ?? row.children[column].textContent.trim();
        const rows = Array.from(table.tBodies[0].rows);
        rows.sort(function (one, other) {
          const [a, b] = [value(one), value(other)];
          if (a === "" || b === "") return (a === "") - (b === "");
          const by = isNaN(a) || isNaN(b) ? a.localeCompare(b, document.documentElement.lang, { numeric: true }) : a - b;
          return down ? -by : by;
        });
        rows.forEach((row) => table.tBodies[0].append(row));
      });
    });
  }

  // A deep link opens what it leads to, even where a filter or a fold hides it.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); filter(); }
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    all(":scope > details", target).forEach((fold) => { fold.open = true; });
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();

  // On paper everything is open.
  addEventListener("beforeprint", () => all("details:not([open])").forEach((fold) => { fold.open = true; fold.dataset.closed = "yes"; }));
  addEventListener("afterprint", () => all("details[data-closed]").forEach((fold) => { fold.open = false; delete fold.dataset.closed; }));
})();
