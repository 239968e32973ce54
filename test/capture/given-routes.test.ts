import { expect, it } from "vitest";
import { captureTexts, gorOf, gorRequest } from "./reading.ts";

it("routes that are given are used, and are known to the profile", async () => {
  const text = gorOf(
    gorRequest("GET /users/bob/photos?size=2"),
    gorRequest("POST /users/eve/photos", { headers: "Content-Length: 0\r\n" }),
    gorRequest("GET /users/7"),
  );
  const routes = ["/users/{name}/photos"];
  const { profile } = await captureTexts({ "a.gor": text }, { routes });
  expect(profile.records.map(({ route }) => route)).toEqual([
    "GET /users/{name}/photos",
    "POST /users/{name}/photos",
    "GET /users/{id}",
  ]);
  expect(profile.manifest.givenRoutes).toEqual(routes);
  expect(profile.manifest.makeup?.routes.map(({ value }) => value)).toContain(
    "GET /users/{name}/photos",
  );
  expect((await captureTexts({ "a.gor": text })).profile.manifest.givenRoutes).toBeUndefined();
});
