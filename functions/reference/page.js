"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

// Swagger UI filters groups by their names. Here operations are found by what they are about, and shown at once.
const finding = () => {
  const has = (text, phrase) => String(text ?? "").toLowerCase().includes(phrase.toLowerCase());
  const matches = (operation, phrase) =>
    [["path"], ["operation", "summary"], ["operation", "operationId"]].some((at) => has(operation.getIn(at), phrase));
  const found = (group, name, phrase) =>
    has(name, phrase) ? group : group.update("operations", (all) => all.filter((each) => matches(each, phrase)));
  return {
    fn: {
      opsFilter: (groups, phrase) =>
        groups.map((group, name) => found(group, name, phrase)).filter((group) => group.get("operations").size),
    },
    wrapComponents: {
      OperationTag: (Original, { React }) => (props) => {
        const phrase = props.layoutSelectors.currentFilter();
        const docExpansion = typeof phrase === "string" && phrase ? "list" : "none";
        return React.createElement(Original, {
          ...props,
          getConfigs: () => ({ ...props.getConfigs(), docExpansion }),
        });
      },
    },
  };
};

// Its dialog gives the focus to the last way to authorize; the first is what most operations want.
document.addEventListener("click", (event) => {
  if (!event.target.closest(".auth-wrapper > .authorize")) return;
  setTimeout(() => {
    const first = document.querySelector(".dialog-ux .auth-container");
    first?.querySelector("input")?.focus();
    first?.scrollIntoView();
  });
});

SwaggerUIBundle({
  dom_id: "#documentation",
  url: "v3/api-docs",
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [finding],
  onComplete: () => {
    document.querySelector(".operation-filter-input")?.setAttribute("placeholder", "Find an operation");
    document.querySelector(".swagger-ui .schemes")?.append(document.getElementById("start"));
    document.getElementById("start").hidden = false;
  },
});
