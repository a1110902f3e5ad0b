// What console/openapi.json says, and whether requests and answers are so.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const FILE = new URL("../../console/openapi.json", import.meta.url);
const METHODS = ["get", "put", "post", "delete", "patch"];
const JSON_TYPE = /^application\/(problem\+)?json$/;

export const description = JSON.parse(readFileSync(FILE, "utf8"));

const ajv = new Ajv({ allowUnionTypes: true, strictRequired: false });
addFormats(ajv);
// The schemas are part of it, and it is none itself.
ajv.addVocabulary(Object.keys(description));
ajv.addSchema(description, "openapi.json", false);

// Follows the reference that an object of the description may be, and tells where it then is.
function resolve(pointer) {
  const parts = pointer.split("/").slice(1);
  const found = parts.reduce((at, part) => at?.[unescape(part)], description);
  assert.notEqual(found, undefined, `the description has no ${pointer}`);
  return found.$ref ? resolve(found.$ref) : { pointer, value: found };
}
const escape = (part) => part.replaceAll("~", "~0").replaceAll("/", "~1");
const unescape = (part) => part.replaceAll("~1", "/").replaceAll("~0", "~");

export const at = (...parts) => resolve(["#", ...parts.map(String).map(escape)].join("/"));

const validators = new Map();
// Fails unless the value is as the schema at this place of the description says.
export function assertMatches(pointer, value, what) {
  if (!validators.has(pointer)) {
    validators.set(pointer, ajv.compile({ $ref: `openapi.json${encodeURI(pointer)}` }));
  }
  const validate = validators.get(pointer);
  if (validate(value)) return;
  const shown = JSON.stringify(value)?.slice(0, 2_000);
  assert.fail(`${what} is not as described: ${ajv.errorsText(validate.errors)}\n${shown}`);
}

// All operations: { method, template, operation }.
export const operations = Object.entries(description.paths).flatMap(([template, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(),
    template,
    operation: item[method],
  })),
);

const templates = Object.keys(description.paths).map((template) => {
  const pattern = template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+");
  return { template, pattern: new RegExp(`^${pattern}$`) };
});

// Where the description has the answer to such a request, and the operation if there is one.
function expectedResponse(method, path, status) {
  const template = templates.find(({ pattern }) => pattern.test(path))?.template;
  if (!template) return { name: "RouteNotFound" };
  const operation = operations.find((o) => o.template === template && o.method === method);
  if (!operation) return { name: "MethodNotAllowed" };
  const lower = method.toLowerCase();
  assert.ok(operation.operation.responses[status], `${method} ${template} describes no ${status}`);
  return { operation, response: at("paths", template, lower, "responses", status) };
}

// Fails unless the description has this answer to this request. Returns the operation, if any.
export function assertDescribed({ method, path, json }, answer) {
  const what = `${answer.status} of ${method} ${path}`;
  const found = expectedResponse(method, path, answer.status);
  const { pointer, value } = found.response ?? at("components", "responses", found.name);
  if (!found.response) {
    assert.equal(answer.status, found.name === "RouteNotFound" ? 404 : 405, what);
  }
  assertHeaders(pointer, value, answer, what);
  assertContent(pointer, value, answer, what);
  if (json !== undefined && answer.status < 300) assertRequestBody(found.operation, json);
  return found.operation;
}

function assertHeaders(pointer, response, answer, what) {
  for (const name of Object.keys(response.headers ?? {})) {
    const header = resolve(`${pointer}/headers/${name}`);
    const text = answer.headers[name.toLowerCase()];
    if (text === undefined) {
      assert.ok(!header.value.required, `${what} lacks the header ${name}`);
      continue;
    }
    const value = header.value.schema.type === "integer" ? Number(text) : text;
    assertMatches(`${header.pointer}/schema`, value, `${name} of ${what}`);
  }
}

function assertContent(pointer, response, answer, what) {
  if (!response.content) return assert.equal(answer.text, "", `the body of ${what}`);
  const types = Object.keys(response.content);
  assert.ok(types.includes(answer.mediaType), `${what} is ${answer.mediaType}, not ${types}`);
  const body = JSON_TYPE.test(answer.mediaType) ? answer.json : answer.text;
  assertMatches(`${pointer}/content/${escape(answer.mediaType)}/schema`, body, what);
}

// What was taken must be what the description says can be sent.
function assertRequestBody({ template, method }, json) {
  const { pointer } = at("paths", template, method.toLowerCase(), "requestBody");
  assertMatches(`${pointer}/content/application~1json/schema`, json, `the body of ${template}`);
}

// The path of an operation with the examples of its parameters in it, and its query.
export function examplePath({ template, operation }) {
  const all = (operation.parameters ?? []).map((one) => (one.$ref ? resolve(one.$ref).value : one));
  const path = all
    .filter((parameter) => parameter.in === "path")
    .reduce((text, { name, example }) => text.replace(`{${name}}`, example), template);
  const query = all
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ name, example }) => `${name}=${encodeURIComponent(example)}`);
  return [path, ...query].join("?");
}

// An example of its JSON body, and the schema of that; nothing where it has none.
export function exampleBody({ operation }) {
  const content = operation.requestBody?.content["application/json"];
  if (!content) return undefined;
  const { value: schema } = resolve(content.schema.$ref);
  return { schema, example: schema.examples[0] };
}
