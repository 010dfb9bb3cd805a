// No validator: it would tell a server of others the address of this one.
SwaggerUIBundle({
  url: "openapi.yml",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  // Who is signed in at the console is so here; a token that is given goes before.
  requestInterceptor: (request) => {
    const names = Object.keys(request.headers).map((name) => name.toLowerCase());
    if (!names.includes("authorization")) request.headers["X-Mlservice-Page"] = "1";
    return request;
  },
});
