// Shows the OpenAPI document and sends requests to where it came from.
"use strict";

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// Text with what stands between backticks as code.
const written = (text) => text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));

const token = document.getElementById("token");
token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("input", () => sessionStorage.setItem("token", token.value));

let api;

function resolve(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? resolve(api.components.schemas[name]) : schema ?? {};
}

// A value of the schema's shape, to begin with.
function example(given, depth = 0) {
  const schema = resolve(given);
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum.find((value) => value !== null) ?? null;
  const choice = (schema.oneOf ?? schema.anyOf)?.find((one) => one.type !== "null");
  if (choice) return example(choice, depth);
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  if (type === "object" || schema.properties) {
    const wanted = schema.required?.length ? schema.required : Object.keys(schema.properties ?? {});
    if (depth > 5) return {};
    return Object.fromEntries(wanted.map((name) => [name, example(schema.properties?.[name], depth + 1)]));
  }
  if (type === "array") return depth > 5 ? [] : [example(schema.items, depth + 1)];
  if (type === "integer" || type === "number") return schema.minimum > 1 ? schema.minimum : 1;
  if (type === "boolean") return false;
  return "";
}

function parameterField(parameter) {
  const input = make("input", { required: parameter.required, spellcheck: false });
  const kind = make("small", {}, ` ${parameter.in}${parameter.required ? "" : ", optional"} ${parameter.description ?? ""}`);
  return { parameter, input, label: make("label", {}, parameter.name, kind, input) };
}

function request(method, path, fields, body) {
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { parameter, input } of fields) {
    const value = input.value;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (parameter.in === "query") query.append(parameter.name, value);
    else headers.set(parameter.name, value);
  }
  if (token.value) headers.set("Authorization", `Bearer ${token.value}`);
  if (body) headers.set("Content-Type", "application/json");
  return [query.size ? `${path}?${query}` : path, { method: method.toUpperCase(), headers, body: body?.value }];
}

async function send(target, options, output) {
  output.hidden = false;
  output.textContent = "…";
  try {
    const answer = await fetch(target, options);
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.textContent = `${options.method} ${target}\n${answer.status} ${answer.statusText}\n${headers}\n\n`;
    if (answer.headers.get("content-type")?.includes("json")) {
      output.append(JSON.stringify(await answer.json(), null, 2));
    } else if (answer.body) {
      // Shown as it comes: it may be a stream of events.
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) output.append(part.value);
    }
  } catch (error) {
    output.append(String(error));
  }
}

function operation(method, path, described) {
  const fields = (described.parameters ?? []).map(parameterField);
  const schema = described.requestBody?.content?.["application/json"]?.schema;
  const body = schema && make("textarea", { rows: 8, value: JSON.stringify(example(schema), null, 2), spellcheck: false });
  const output = make("pre", { hidden: true });
  const form = make("form", {}, ...fields.map(({ label }) => label));
  if (body) form.append(make("label", {}, "Body", body));
  form.append(make("button", { type: "submit" }, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(...request(method, path, fields, body), output);
  });
  const answers = Object.entries(described.responses).map(([status, one]) => `${status} ${one.description}`).join("\n");
  return make("details", {},
    make("summary", {}, make("code", { className: "method" }, method.toUpperCase()), make("code", {}, path),
      make("span", { className: "summary" }, described.summary ?? "")),
    make("p", { className: "description" }, ...written(described.description ?? "")),
    form, output,
    make("details", {}, make("summary", {}, "Answers"), make("p", { className: "description" }, answers)));
}

async function show() {
  const place = document.getElementById("operations");
  try {
    api = await (await fetch("/openapi.json")).json();
  } catch (error) {
    place.replaceChildren(make("p", {}, `The document cannot be read: ${error}`));
    return;
  }
  document.getElementById("about").append(...written(api.info.description));
  const all = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, described]) => ({ method, path, described })));
  place.replaceChildren(...api.tags.flatMap((tag) => [
    make("h2", {}, tag.name),
    make("p", {}, ...written(tag.description)),
    ...all.filter(({ described }) => described.tags?.includes(tag.name))
      .map(({ method, path, described }) => operation(method, path, described)),
  ]));
}

show();
