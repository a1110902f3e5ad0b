// The description by itself.

import assert from "node:assert/strict";
import test from "node:test";

import { assertMatches, at, description, operations } from "./description.mjs";

const schemas = Object.entries(description.components.schemas);

// All objects of the description, with the keys that lead there.
function* walk(value = description, keys = []) {
  if (value === null || typeof value !== "object") return;
  yield { value, keys };
  for (const [key, child] of Object.entries(value)) yield* walk(child, [...keys, key]);
}

test("every reference leads somewhere", () => {
  for (const { value } of walk()) {
    if (typeof value.$ref === "string") at(...value.$ref.split("/").slice(1));
  }
});

test("every part is used", () => {
  const text = JSON.stringify(description);
  // Those are answered where there is no operation.
  const exceptions = ["responses/RouteNotFound", "responses/MethodNotAllowed"];
  for (const [kind, parts] of Object.entries(description.components)) {
    for (const name of Object.keys(parts)) {
      // Schemes of security are named where they are used, not referred to.
      const use = kind === "securitySchemes" ? `{"${name}":[]}` : `"#/components/${kind}/${name}"`;
      const used = text.includes(use);
      assert.equal(used, !exceptions.includes(`${kind}/${name}`), `${kind}/${name}`);
    }
  }
});

test("every operation has an ID, a tag and words of its own", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  const tags = description.tags.map(({ name }) => name);
  for (const { operation } of operations) {
    assert.ok(
      operation.tags.every((tag) => tags.includes(tag)),
      operation.operationId,
    );
    assert.ok(operation.summary && operation.description, operation.operationId);
  }
});

test("every operation that needs an access token says what it answers without a good one", () => {
  for (const { operation } of operations) {
    const is_public = operation.security?.length === 0;
    assert.equal("401" in operation.responses, !is_public, operation.operationId);
  }
});

test("every parameter of a path is described", () => {
  for (const { template, operation } of operations) {
    const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = (operation.parameters ?? [])
      .map((one) => (one.$ref ? at(...one.$ref.split("/").slice(1)).value : one))
      .filter((one) => one.in === "path")
      .map(({ name }) => name);
    assert.deepEqual(described, named, operation.operationId);
  }
});

test("objects say which fields they have, and have no others", () => {
  for (const { value, keys } of walk()) {
    if (value.type !== "object") continue;
    if (keys.some((key) => key.endsWith("openapi.json"))) continue;
    assert.equal(value.additionalProperties, false, keys.join("/"));
    for (const name of value.required ?? [])
      assert.ok(value.properties[name], `${keys.join("/")}: ${name}`);
  }
});

test("every example is as its schema says", () => {
  for (const [name, { examples }] of schemas) {
    for (const example of examples ?? []) {
      assertMatches(`#/components/schemas/${name}`, example, `an example of ${name}`);
    }
  }
});

test("every schema of objects has an example", () => {
  const without = schemas.filter(([, { type, examples }]) => type === "object" && !examples);
  assert.deepEqual(
    without.map(([name]) => name),
    [],
  );
});
